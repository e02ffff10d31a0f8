//! The controllers: what makes the world agree with the objects.
//!
//! Handlers write intent and return; one driver per VM compares intent with what the engine sees and
//! acts until both agree (`driver`). Which verb means what in which state is `table`; how a verb
//! becomes intent is `intent`; what to do next is `plan`; all three are plain functions.

mod admit;
mod busy;
mod clock;
mod cloud_init;
mod commit;
mod conditions;
mod controller;
mod disks;
mod doc;
mod driver;
mod ending;
mod events;
mod fault;
mod host;
mod house;
mod intent;
mod limits;
mod mac;
mod namespace;
mod node;
mod op;
mod perform;
mod plan;
#[cfg(test)]
mod plan_tests;
mod progress;
mod promise;
mod provision;
mod record;
mod recover;
mod resolve;
#[cfg(test)]
mod resolve_tests;
mod roster;
mod routes;
mod settle;
mod status;
mod stopping;
mod subject;
mod table;
mod tell;
#[cfg(test)]
mod tests;

pub(crate) use admit::{DeleteAsks, admit_change, on_vm_delete};
pub(crate) use controller::{Controller, start};
pub(crate) use namespace::{admit_namespace, on_namespace_delete};
pub(crate) use op::Caller;
pub(crate) use record::KIND as RECORDS;
pub(crate) use routes::routes;
