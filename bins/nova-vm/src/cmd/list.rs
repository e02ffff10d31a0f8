//! `nova vm list`: the virtual machines of a namespace.

use nova_core::args::{ListArgs, glob_matches};
use nova_core::{Column, Cx, Failure, Item, Listing, Result, Row};

use crate::session::Session;

/// List VMs
///
/// With names or patterns, only those VMs.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n\
\x20 nova vm list\n\
\x20 nova vm list 'web-*' -l tier=front -o wide\n\
\x20 nova vm list -A -w\n\
\x20 nova vm list -o json | jq '.items[].status.addresses'")]
pub(crate) struct ListVmArgs {
    /// Names or patterns such as 'web-*'
    #[arg(value_name = "PATTERN")]
    patterns: Vec<String>,

    /// Only VMs in these states, as running,stopped
    #[arg(long, value_name = "STATE", value_delimiter = ',', value_parser = parse_state)]
    state: Vec<String>,

    #[command(flatten)]
    list: ListArgs,
}

const STATES: [&str; 13] = [
    "Pending",
    "Provisioning",
    "Starting",
    "Running",
    "Paused",
    "Suspended",
    "Stopping",
    "Stopped",
    "Migrating",
    "Restoring",
    "Failed",
    "Deleting",
    "Unknown",
];

fn parse_state(text: &str) -> Result<String, String> {
    let known = STATES.iter().find(|state| state.eq_ignore_ascii_case(text));
    known
        .map(|state| (*state).to_owned())
        .ok_or_else(|| format!("known are {}", STATES.join(", ")))
}

pub(crate) async fn run(cx: &Cx, args: &ListVmArgs) -> Result<Listing> {
    let session = Session::open(cx).await?;
    let mut list = args.list.clone();
    if let [state] = args.state.as_slice() {
        list.field_selector = Some(and(list.field_selector, &format!("status.phase={state}")));
    }
    let mut listing = session.vms.listing(cx, &list, &[])?;
    if args.patterns.is_empty() && args.state.len() < 2 {
        return Ok(listing);
    }
    let filter = Filter {
        patterns: args.patterns.clone(),
        states: args.state.clone(),
        status: 0,
    };
    listing.items = Box::new(filtered(listing.items, filter));
    Ok(listing)
}

fn and(selector: Option<String>, term: &str) -> String {
    selector.map_or_else(|| term.to_owned(), |selector| format!("{selector},{term}"))
}

/// What the server cannot select: patterns, and one of several states.
struct Filter {
    patterns: Vec<String>,
    states: Vec<String>,
    /// Where the status stands among the cells.
    status: usize,
}

impl Filter {
    fn columns(&mut self, columns: &[Column]) {
        let at = columns
            .iter()
            .position(|column| column.name.eq_ignore_ascii_case("status"));
        self.status = at.unwrap_or_default();
    }

    fn keeps(&self, row: &Row) -> bool {
        let name = row.full_name.rsplit('/').next().unwrap_or_default();
        let pattern =
            |pattern: &String| glob_matches(pattern.rsplit('/').next().unwrap_or(pattern), name);
        if self.states.is_empty() {
            return self.patterns.is_empty() || self.patterns.iter().any(pattern);
        }
        let object = row
            .object
            .as_ref()
            .and_then(|object| object.to_value().ok());
        let phase = match &object {
            Some(object) => object["status"]["phase"].as_str(),
            None => row.cells.get(self.status).map(String::as_str),
        };
        let state = |state: &String| phase == Some(state.as_str());
        (self.patterns.is_empty() || self.patterns.iter().any(pattern))
            && self.states.iter().any(state)
    }
}

fn filtered(
    items: impl Iterator<Item = Result<Item, Failure>> + Send,
    mut filter: Filter,
) -> impl Iterator<Item = Result<Item, Failure>> + Send {
    items.filter(move |item| match item {
        Ok(Item::Columns(columns)) => {
            filter.columns(columns);
            true
        }
        Ok(Item::Row(row) | Item::Event(_, row)) => filter.keeps(row),
        _ => true,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_and_states_are_both_asked_for() {
        let row = |name: &str, phase: &str| Row {
            full_name: format!("virtualmachine.nova.dev/{name}"),
            cells: vec![name.into(), phase.into()],
            ..Row::default()
        };
        let filter = Filter {
            patterns: vec!["web-*".into()],
            states: vec!["Running".into(), "Paused".into()],
            status: 1,
        };
        assert!(filter.keeps(&row("web-1", "Paused")));
        assert!(!filter.keeps(&row("web-1", "Stopped")) && !filter.keeps(&row("db", "Running")));
        assert_eq!(parse_state("running").unwrap(), "Running");
        assert!(parse_state("sleeping").is_err());
    }
}
