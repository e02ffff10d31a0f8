//! The dispatcher, installed as `nova`, `ghost` and `gonuget`: finds `<family>-*` and becomes it.

use std::process::ExitCode;

use nova_dispatch::Input;

fn main() -> ExitCode {
    nova_dispatch::run(&Input::from_process())
}
