//! `nova-auth`: log in, ask what one may do, and give out tokens and certificates.

mod cmd;
mod settings;

use std::ffi::OsString;
use std::process::ExitCode;

use nova_core::{Cx, Result, Tool};
use nova_http::block_on;

/// Log in and manage tokens
#[derive(Debug, clap::Parser)]
#[command(name = "nova-auth", version)]
enum Auth {
    Login(cmd::login::LoginArgs),
    Logout(cmd::logout::LogoutArgs),
    Whoami(cmd::whoami::WhoamiArgs),
    CanI(cmd::can_i::CanIArgs),
    /// Create, list and revoke tokens
    #[command(subcommand, visible_alias = "tokens")]
    Token(Token),
    /// Create client certificates
    #[command(subcommand, visible_alias = "certificates")]
    Certificate(Certificate),
}

#[derive(Debug, clap::Subcommand)]
enum Token {
    Create(cmd::token::create::CreateArgs),
    #[command(visible_alias = "ls")]
    List(cmd::token::list::ListTokensArgs),
    Get(cmd::token::get::GetArgs),
    #[command(visible_aliases = ["delete", "rm"])]
    Revoke(cmd::token::revoke::RevokeArgs),
}

#[derive(Debug, clap::Subcommand)]
enum Certificate {
    Create(cmd::certificate::create::CreateArgs),
}

impl Tool for Auth {
    fn unknown_verb(arguments: &[OsString]) -> Option<ExitCode> {
        nova_dispatch::exec_extension("nova", "auth", arguments)
    }

    fn run(self, cx: &Cx) -> Result<()> {
        match self {
            Self::Login(args) => cx.emit(&cmd::login::run(cx, &args)?),
            Self::Logout(args) => cx.emit(&cmd::logout::run(cx, &args)?),
            Self::Whoami(args) => cx.emit(&block_on(cmd::whoami::run(cx, &args))?),
            Self::CanI(args) => cx.emit(&block_on(cmd::can_i::run(cx, &args))?),
            Self::Token(verb) => verb.run(cx),
            Self::Certificate(Certificate::Create(args)) => {
                cx.emit(&cmd::certificate::create::run(cx, &args)?)
            }
        }
    }
}

impl Token {
    fn run(self, cx: &Cx) -> Result<()> {
        match self {
            Self::Create(args) => cx.emit(&cmd::token::create::run(cx, &args)?),
            Self::List(args) => cx.emit_listing(block_on(cmd::token::list::run(cx, &args))?),
            Self::Get(args) => cx.emit_listing(block_on(cmd::token::get::run(cx, &args))?),
            Self::Revoke(args) => {
                let names = cmd::token::revoke::confirmed(cx, &args)?;
                cx.emit(&block_on(cmd::token::revoke::run(cx, &args, &names))?)
            }
        }
    }
}

nova_core::entry_points!(Auth);
