//! `nova config use-environment`: choose the environment applied when none is named.

use nova_core::{Cx, Failure, Kind, Outcomes, Result, suggest};

use crate::document::{Document, outcome};

/// Make an environment the current one
///
/// Its table `[environments.NAME]` lies over your configuration from now on.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n\
\x20 nova config use-environment staging\n\
\x20 nova config use-environment --none")]
pub(crate) struct UseEnvironmentArgs {
    /// Environment
    #[arg(value_name = "NAME", required_unless_present = "none")]
    name: Option<String>,

    /// Use none from now on
    #[arg(long, conflicts_with = "name")]
    none: bool,
}

pub(crate) fn run(cx: &Cx, args: &UseEnvironmentArgs) -> Result<Outcomes> {
    let mut document = Document::open(cx)?;
    let Some(name) = &args.name else {
        document.unset("current_environment");
        return Ok(outcome("environment", "none", "selected", document.save()?));
    };
    let known = cx.config()?.names_in("environments");
    if !known.contains(name) {
        let failure = Failure::new(
            Kind::NotFound,
            format!("environment \"{name}\" is not configured"),
        );
        return Err(
            match suggest::hint(name, known.iter().map(String::as_str)) {
                Some(hint) => failure.with_hint(hint),
                None => failure.with_hint(format!(
                    "make it with: nova config set environments.{name}.global.timeout 30s"
                )),
            },
        );
    }
    document.set("current_environment", name.as_str().into())?;
    Ok(outcome("environment", name, "selected", document.save()?))
}
