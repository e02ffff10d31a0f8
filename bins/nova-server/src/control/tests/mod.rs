//! The controllers against the simulator: every row of the table, superseding, recovery.

mod house;
mod life;
mod recovery;
mod rig;
mod verbs;
