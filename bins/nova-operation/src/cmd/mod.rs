//! One file per command.

pub(crate) mod cancel;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod wait;

use nova_api::{Operation, OperationName, Resource};
use nova_core::args::names_with_stdin;
use nova_core::{Change, Outcome, Result};

/// The operations that a verb is for; `-` stands for the names on standard input.
fn operations(names: &[String]) -> Result<Vec<OperationName>> {
    let parse = |name: &String| Ok(name.parse()?);
    names_with_stdin(names)?.iter().map(parse).collect()
}

fn outcome(name: &OperationName, result: Result<Change>) -> Outcome {
    Outcome {
        target: format!("operation/{name}"),
        full_name: format!("{}/{name}", Operation::INFO.qualified_singular()),
        result,
        object: None,
    }
}
