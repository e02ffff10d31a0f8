//! `nova auth token revoke`: end tokens.

use nova_api::client::DeleteOptions;
use nova_api::{Api, Resource, Token};
use nova_core::args::names_with_stdin;
use nova_core::{Change, Confirm, Cx, Outcome, Outcomes, Result};
use nova_http::each;

use super::TokenName;

/// Revoke tokens
///
/// Whoever holds one is refused from then on, and what they have open ends.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n\
\x20 nova auth token revoke ci\n\
\x20 nova auth token list --field-selector spec.user=ana -o name | nova auth token revoke - --yes")]
pub(crate) struct RevokeArgs {
    /// Tokens to revoke; `-` reads names from standard input
    #[arg(value_name = "NAME", required = true)]
    names: Vec<String>,

    /// Count a token that does not exist as revoked
    #[arg(long)]
    ignore_not_found: bool,
}

/// The tokens to revoke, after the question; it is asked before the runtime starts, which would take
/// Ctrl-C away from it.
pub(crate) fn confirmed(cx: &Cx, args: &RevokeArgs) -> Result<Vec<TokenName>> {
    let parse = |name: &String| Ok(name.parse()?);
    let names: Vec<TokenName> = names_with_stdin(&args.names)?
        .iter()
        .map(parse)
        .collect::<Result<_>>()?;
    let targets: Vec<String> = names.iter().map(|name| format!("token/{name}")).collect();
    cx.confirm(&Confirm {
        verb: "revoke",
        targets: &targets,
        place: "for good".to_owned(),
        bulk: false,
    })?;
    Ok(names)
}

pub(crate) async fn run(cx: &Cx, args: &RevokeArgs, names: &[TokenName]) -> Result<Outcomes> {
    let api = Api::connect(cx).await?;
    let items = each(names, async |name| Outcome {
        target: format!("token/{name}"),
        full_name: format!("{}/{name}", Token::INFO.qualified_singular()),
        result: revoke(&api, args, name).await,
        object: None,
    });
    Ok(Outcomes::new(items.await))
}

async fn revoke(api: &Api, args: &RevokeArgs, name: &TokenName) -> Result<Change> {
    let tokens = api.resource::<Token>();
    match tokens
        .delete(name.as_str(), &DeleteOptions::default())
        .await
    {
        Ok(_) => Ok(Change::done("revoked")),
        Err(error) if error.is_not_found() && args.ignore_not_found => Ok(Change::Unchanged),
        Err(error) => Err(tokens.with_suggestions(name.as_str(), error).await),
    }
}
