//! `nova auth logout`: forget a token.

use nova_api::Api;
use nova_core::{Change, Cx, Failure, Outcome, Outcomes, Result};
use nova_http::block_on;

use crate::settings::{change, remote_context};

/// Forget the token of a context
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n\
\x20 nova auth logout\n\
\x20 nova auth logout --context prod --revoke")]
pub(crate) struct LogoutArgs {
    /// Also revoke the token on the server, wherever else it is used
    #[arg(long)]
    revoke: bool,
}

pub(crate) fn run(cx: &Cx, args: &LogoutArgs) -> Result<Outcomes> {
    let Some((context, _)) = remote_context(cx)? else {
        return Err(
            Failure::usage("the local server has no login that could end").with_hint(
                "name a context with --context; list them with: nova config get-contexts",
            ),
        );
    };
    let stored = context
        .user
        .as_deref()
        .map(|name| cx.config().map(|config| config.user(name)));
    let user = stored.transpose()?.flatten();
    let Some(user) = user.filter(|user| user.token.is_some()) else {
        return Ok(outcome(&context.name, Change::Unchanged));
    };
    if args.revoke {
        block_on(async {
            let api = Api::connect(cx).await?;
            Ok::<_, Failure>(api.logout().await?)
        })?;
    }
    change(cx, &["set-user", &user.name, "--remove-token"], "")?;
    let word = if args.revoke {
        "logged out, token revoked"
    } else {
        "logged out"
    };
    Ok(outcome(&context.name, Change::done(word)))
}

fn outcome(context: &str, change: Change) -> Outcomes {
    Outcomes::new(vec![Outcome {
        target: format!("context/{context}"),
        full_name: format!("context/{context}"),
        result: Ok(change),
        object: None,
    }])
}
