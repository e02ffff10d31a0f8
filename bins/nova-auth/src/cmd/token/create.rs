//! `nova auth token create`: give out a token.

use std::path::{Path, PathBuf};
use std::time::Duration;

use nova_api::{Api, Resource, Time, Token, TokenSpec};
use nova_core::fs::{PRIVATE, save};
use nova_core::units::parse_duration;
use nova_core::{Context, Cx, Failure, Kind, Render, Result, Table};
use nova_http::block_on;
use serde::Serialize;

use super::TokenName;
use crate::cmd::ROLES;

/// Create a token
///
/// The token is printed once, alone on standard output, and nowhere else: the server keeps only a digest of it.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Roles: viewer reads; operator also starts, stops and executes; editor also creates, changes and\n\
deletes; namespace-admin also gives out tokens for its namespaces; admin may do everything.\n\
Scopes narrow a role: read, operate, write, exec, each also for one kind as vm:read.\n\n\
Examples:\n\
\x20 nova auth token create ci --role editor --namespaces build --expires 30d --file ci.token\n\
\x20 nova auth token create dashboard --scope read\n\
\x20 nova auth token create ana-laptop --user ana --role operator"
)]
pub(crate) struct CreateArgs {
    /// Token
    #[arg(value_name = "NAME")]
    name: TokenName,

    /// Whose it is; the name of the token when left out
    #[arg(long, value_name = "USER")]
    user: Option<String>,

    /// What it may do; the least that its scopes need when left out
    #[arg(long, value_name = "ROLE", value_parser = ROLES)]
    role: Option<String>,

    /// Namespaces that the role holds in; all when left out
    #[arg(long, value_name = "NS", value_delimiter = ',')]
    namespaces: Vec<String>,

    /// Narrow the role; may be repeated
    #[arg(long = "scope", value_name = "SCOPE", value_delimiter = ',')]
    scopes: Vec<String>,

    /// End after this long, as 12h or 30d; never when left out
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    expires: Option<Duration>,

    /// What it is for, in words
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,

    /// Write the token to this file, readable for you alone, instead of standard output
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
}

/// A token that was made.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct Created {
    token: Token,
    #[serde(skip)]
    file: Option<PathBuf>,
}

pub(crate) fn run(cx: &Cx, args: &CreateArgs) -> Result<Created> {
    let asked = Token::new(args.name.as_str(), spec(cx, args)?);
    let file = args.file.as_deref().map(new_file).transpose()?;
    let made: Token = block_on(async {
        let api = Api::connect(cx).await?;
        Ok::<_, Failure>(api.create_token(&asked).await?)
    })?;
    let mut created = Created { token: made, file };
    let secret = created.secret().to_owned();
    if let Some(path) = &created.file {
        save(path, format!("{secret}\n").as_bytes(), PRIVATE)?;
        if let Some(status) = &mut created.token.status {
            status.token = None;
        }
    }
    created.say(cx);
    Ok(created)
}

/// A file that can be written: a token that cannot be kept must not be made.
fn new_file(path: &Path) -> Result<PathBuf> {
    let path = std::path::absolute(path)
        .context(Kind::Config, || format!("cannot use {}", path.display()))?;
    save(&path, b"", PRIVATE)?;
    Ok(path)
}

fn spec(cx: &Cx, args: &CreateArgs) -> Result<TokenSpec> {
    let end = |after: Duration| {
        let too_far = || Failure::new(Kind::Usage, "--expires leads too far into the future");
        jiff::SignedDuration::try_from(after)
            .ok()
            .and_then(|after| cx.now().checked_add(after).ok())
            .map(Time::from)
            .ok_or_else(too_far)
    };
    let list = |items: &Vec<String>| Some(items.clone()).filter(|items| !items.is_empty());
    Ok(TokenSpec {
        user: args.user.clone(),
        role: args.role.clone(),
        namespaces: list(&args.namespaces),
        scopes: list(&args.scopes),
        expires_at: args.expires.map(end).transpose()?,
        description: args.description.clone(),
    })
}

impl Created {
    fn secret(&self) -> &str {
        let status = self.token.status.as_ref();
        status
            .and_then(|status| status.token.as_deref())
            .unwrap_or_default()
    }

    /// What it is, beside the token that goes to standard output.
    fn say(&self, cx: &Cx) {
        let (name, spec) = (&self.token.metadata.name, &self.token.spec);
        let user = spec.user.as_deref().unwrap_or_default();
        let role = spec.role.as_deref().unwrap_or_default();
        let place = match &spec.namespaces {
            Some(namespaces) => format!(" in {}", namespaces.join(", ")),
            None => String::new(),
        };
        let end = match &spec.expires_at {
            Some(time) => format!("until {time}"),
            None => format!("until it is revoked: nova auth token revoke {name}"),
        };
        cx.note(&format!(
            "token {name} makes its holder {user}, {role}{place}, {end}"
        ));
        if self.file.is_none() {
            cx.note("this is the only time that it is shown");
        }
    }
}

impl Render for Created {
    fn table(&self, table: &mut Table) {
        match &self.file {
            Some(path) => table.line(format!(
                "token/{} created, written to {}",
                self.token.metadata.name,
                path.display()
            )),
            None => table.line(self.secret()),
        }
    }

    fn names(&self) -> Vec<String> {
        let kind = Token::INFO.qualified_singular();
        vec![format!("{kind}/{}", self.token.metadata.name)]
    }
}
