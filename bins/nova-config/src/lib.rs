//! `nova-config`: read and change the configuration.
//!
//! Files are edited in place: comments, order and spelling of everything that is not named stay.

mod cloudtop;
mod cmd;
mod document;
mod migration;
mod redact;
pub mod text;
mod yaml_out;

use std::ffi::OsString;
use std::process::ExitCode;

use nova_core::{Cx, Outcomes, Result, Tool};

/// Read and change the configuration
#[derive(Debug, clap::Parser)]
#[command(name = "nova-config", version)]
enum Config {
    View(cmd::view::ViewArgs),
    Get(cmd::get::GetArgs),
    Set(cmd::set::SetArgs),
    Unset(cmd::unset::UnsetArgs),
    Edit(cmd::edit::EditArgs),
    Schema(cmd::schema::SchemaArgs),
    GetContexts(cmd::get_contexts::GetContextsArgs),
    UseContext(cmd::use_context::UseContextArgs),
    CurrentContext(cmd::current_context::CurrentContextArgs),
    SetContext(cmd::set_context::SetContextArgs),
    SetCluster(cmd::set_cluster::SetClusterArgs),
    SetUser(cmd::set_user::SetUserArgs),
    RenameContext(cmd::rename_context::RenameContextArgs),
    DeleteContext(cmd::delete_context::DeleteContextArgs),
    ListProfiles(cmd::list_profiles::ListProfilesArgs),
    ListEnvironments(cmd::list_profiles::ListEnvironmentsArgs),
    #[command(alias = "use-env")]
    UseEnvironment(cmd::use_environment::UseEnvironmentArgs),
    Diff(cmd::diff::DiffArgs),
    Import(cmd::import::ImportArgs),
    Export(cmd::export::ExportArgs),
    Migrate(cmd::migrate::MigrateArgs),
    Trust(cmd::trust::TrustArgs),
    Validate(cmd::validate::ValidateArgs),
    Paths(cmd::paths::PathsArgs),
    ExportKubeconfig(cmd::export_kubeconfig::ExportKubeconfigArgs),
    #[command(hide = true)]
    KubeCredential(cmd::kube_credential::KubeCredentialArgs),
}

impl Tool for Config {
    fn unknown_verb(arguments: &[OsString]) -> Option<ExitCode> {
        nova_dispatch::exec_extension("nova", "config", arguments)
    }

    fn run(self, cx: &Cx) -> Result<()> {
        match self {
            Self::View(args) => cmd::view::run(cx, &args),
            Self::Get(args) => cx.emit(&cmd::get::run(cx, &args)?),
            Self::Set(args) => cx.emit(&cmd::set::run(cx, &args)?),
            Self::Unset(args) => cx.emit(&cmd::unset::run(cx, &args)?),
            Self::Edit(args) => cx.emit(&cmd::edit::run(cx, &args)?),
            Self::Schema(args) => cx.emit(&cmd::schema::run(&args)),
            Self::GetContexts(args) => cx.emit(&cmd::get_contexts::run(cx, &args)?),
            Self::UseContext(args) => cx.emit(&cmd::use_context::run(cx, &args)?),
            Self::CurrentContext(args) => cx.emit(&cmd::current_context::run(cx, &args)?),
            Self::SetContext(args) => cx.emit(&cmd::set_context::run(cx, &args)?),
            Self::SetCluster(args) => cx.emit(&cmd::set_cluster::run(cx, &args)?),
            Self::SetUser(args) => cx.emit(&cmd::set_user::run(cx, &args)?),
            Self::RenameContext(args) => cx.emit(&cmd::rename_context::run(cx, &args)?),
            Self::DeleteContext(args) => cx.emit(&cmd::delete_context::run(cx, &args)?),
            Self::ListProfiles(args) => cx.emit(&cmd::list_profiles::profiles(cx, &args)?),
            Self::ListEnvironments(args) => cx.emit(&cmd::list_profiles::environments(cx, &args)?),
            Self::UseEnvironment(args) => cx.emit(&cmd::use_environment::run(cx, &args)?),
            Self::Diff(args) => cx.emit(&cmd::diff::run(cx, &args)?),
            Self::Import(args) => emit_some(cx, cmd::import::run(cx, &args)?),
            Self::Export(args) => cmd::export::run(cx, &args),
            Self::Migrate(args) => emit_some(cx, cmd::migrate::run(cx, &args)?),
            Self::Trust(args) => cx.emit(&cmd::trust::run(cx, &args)?),
            Self::Validate(args) => cx.emit(&cmd::validate::run(cx, &args)?),
            Self::ExportKubeconfig(args) => cmd::export_kubeconfig::run(cx, &args),
            Self::KubeCredential(args) => cmd::kube_credential::run(cx, &args),
            Self::Paths(args) => cx.emit(&cmd::paths::run(cx, &args)?),
        }
    }
}

/// A dry run has printed what there is to see.
fn emit_some(cx: &Cx, outcomes: Option<Outcomes>) -> Result<()> {
    outcomes.map_or(Ok(()), |outcomes| cx.emit(&outcomes))
}

nova_core::entry_points!(Config);
