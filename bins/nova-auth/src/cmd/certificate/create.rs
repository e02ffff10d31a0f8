//! `nova auth certificate create`: give out a client certificate.

use std::path::PathBuf;

use nova_api::{Api, CertificateAsk, Time, UserCertificate};
use nova_core::fs::{PRIVATE, PUBLIC, save};
use nova_core::{Context, Cx, Failure, Kind, Render, Result, Table};
use nova_http::block_on;
use serde::Serialize;

use crate::cmd::ROLES;

/// Create a client certificate
///
/// Writes USER.crt, USER.key and ca.crt. A certificate cannot be revoked by itself: it ends with its time, or when its user is
/// disabled or deleted.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n\
\x20 nova auth certificate create ana --role operator --days 90\n\
\x20 nova config set-user ana --client-certificate ana.crt --client-key ana.key")]
pub(crate) struct CreateArgs {
    /// User
    #[arg(value_name = "USER")]
    user: String,

    /// What it may do
    #[arg(long, value_name = "ROLE", value_parser = ROLES, default_value = "viewer")]
    role: String,

    /// Namespaces that the role holds in; all when left out
    #[arg(long, value_name = "NS", value_delimiter = ',')]
    namespaces: Vec<String>,

    /// Days that it is good
    #[arg(long, value_name = "N", default_value_t = 365)]
    days: u16,

    /// Directory to write to
    #[arg(long, value_name = "DIR", default_value = ".")]
    dir: PathBuf,

    /// Replace files that are there
    #[arg(long)]
    force: bool,
}

/// A certificate that was written.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Created {
    api_version: &'static str,
    kind: &'static str,
    user: String,
    role: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    namespaces: Vec<String>,
    expires_at: Option<Time>,
    certificate_file: PathBuf,
    key_file: PathBuf,
    authority_file: PathBuf,
}

pub(crate) fn run(cx: &Cx, args: &CreateArgs) -> Result<Created> {
    let user = &args.user;
    let dir = std::path::absolute(&args.dir).context(Kind::Config, || {
        format!("cannot use {}", args.dir.display())
    })?;
    let certificate = dir.join(format!("{user}.crt"));
    let key = dir.join(format!("{user}.key"));
    if let Some(there) = [&certificate, &key].into_iter().find(|path| path.exists())
        && !args.force
    {
        let message = format!("{} is there already", there.display());
        return Err(Failure::new(Kind::Conflict, message)
            .with_hint("write elsewhere with --dir, or replace it with --force"));
    }
    let ask = CertificateAsk {
        user: user.clone(),
        role: Some(args.role.clone()),
        namespaces: args.namespaces.clone(),
        days: Some(args.days),
    };
    let made: UserCertificate = block_on(async {
        let api = Api::connect(cx).await?;
        Ok::<_, Failure>(api.create_certificate(&ask).await?)
    })?;
    let authority = dir.join("ca.crt");
    save(&key, made.key.as_bytes(), PRIVATE)?;
    save(&certificate, made.certificate.as_bytes(), PUBLIC)?;
    save(&authority, made.certificate_authority.as_bytes(), PUBLIC)?;
    Ok(Created {
        api_version: "nova.dev/v1",
        kind: "CertificateFiles",
        user: made.user,
        role: made.role,
        namespaces: made.namespaces,
        expires_at: made.expires_at,
        certificate_file: certificate,
        key_file: key,
        authority_file: authority,
    })
}

impl Render for Created {
    fn table(&self, table: &mut Table) {
        let end = self.expires_at.as_ref().map(ToString::to_string);
        table.line(format!("certificate/{} created", self.user));
        table.pair("Role", &self.role);
        if !self.namespaces.is_empty() {
            table.pair("Namespaces", self.namespaces.join(","));
        }
        table.pair("Expires", end.unwrap_or_default());
        table.pair("Certificate", self.certificate_file.display().to_string());
        table.pair("Key", self.key_file.display().to_string());
        table.pair("Authority", self.authority_file.display().to_string());
    }

    fn names(&self) -> Vec<String> {
        vec![format!("certificate/{}", self.user)]
    }
}
