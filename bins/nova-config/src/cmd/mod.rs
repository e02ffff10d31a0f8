//! One file per command.

pub(crate) mod current_context;
pub(crate) mod delete_context;
pub(crate) mod diff;
pub(crate) mod edit;
pub(crate) mod export;
pub(crate) mod export_kubeconfig;
pub(crate) mod get;
pub(crate) mod get_contexts;
pub(crate) mod import;
pub(crate) mod kube_credential;
pub(crate) mod list_profiles;
pub(crate) mod migrate;
pub(crate) mod paths;
pub(crate) mod rename_context;
pub(crate) mod schema;
pub(crate) mod set;
pub(crate) mod set_cluster;
pub(crate) mod set_context;
pub(crate) mod set_user;
pub(crate) mod trust;
pub(crate) mod unset;
pub(crate) mod use_context;
pub(crate) mod use_environment;
pub(crate) mod validate;
pub(crate) mod view;
