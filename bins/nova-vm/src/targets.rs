//! Which VMs a verb is about: names, patterns, selectors, standard input, or all of them.

use nova_api::{VirtualMachine, VmName};
use nova_core::args::{glob_matches, is_glob, names_with_stdin};
use nova_core::{Failure, Kind, Result};

use crate::session::Session;

/// Flags that name VMs.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct TargetArgs {
    /// VMs by name or pattern such as 'web-*'; - reads names from standard input
    #[arg(value_name = "NAME")]
    names: Vec<String>,

    /// VMs whose labels match, as app=web,tier!=db
    #[arg(short = 'l', long, value_name = "SELECTOR")]
    selector: Option<String>,

    /// All VMs of the namespace
    #[arg(long, conflicts_with_all = ["names", "selector"])]
    all: bool,

    /// Work on at most this many VMs at a time
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) max_parallel: u16,
}

/// The VMs that were found.
#[derive(Debug)]
pub(crate) struct Targets {
    /// Names, each once, in the order they were asked for.
    pub(crate) names: Vec<VmName>,
    /// They were chosen by a pattern, a selector or `--all`.
    pub(crate) bulk: bool,
}

impl Targets {
    /// The names in short form, for questions.
    pub(crate) fn shown(&self) -> Vec<String> {
        self.names.iter().map(|name| format!("vm/{name}")).collect()
    }
}

impl TargetArgs {
    /// Whether nothing says which VMs.
    pub(crate) fn is_empty(&self) -> bool {
        self.names.is_empty() && self.selector.is_none() && !self.all
    }

    /// Finds the VMs. Names that are spelled out are not looked up here, so that each missing one
    /// becomes the outcome of its own.
    pub(crate) async fn resolve(&self, session: &Session<'_>) -> Result<Targets> {
        if self.is_empty() {
            return Err(Failure::usage("no VM is named")
                .with_hint("name one or more, or say --selector SELECTOR or --all")
                .with_hint("list them with: nova vm list"));
        }
        let typed = names_with_stdin(&self.names)?;
        same_spelling(&typed)?;
        let patterns = typed.iter().any(|name| is_glob(name));
        let bulk = self.all || self.selector.is_some() || patterns;
        let known = if bulk {
            session.names(self.selector.as_deref()).await?
        } else {
            Vec::new()
        };
        let mut names: Vec<VmName> = Vec::new();
        let mut add = |name: VmName| {
            if !names.contains(&name) {
                names.push(name);
            }
        };
        if self.all || (self.selector.is_some() && typed.is_empty()) {
            known.iter().cloned().for_each(&mut add);
        }
        for text in &typed {
            matching(text, &known)?.into_iter().for_each(&mut add);
        }
        Ok(Targets { names, bulk })
    }
}

/// The names that `typed` stands for, patterns replaced by what they match.
pub(crate) async fn spelled_out(session: &Session<'_>, typed: &[String]) -> Result<Vec<String>> {
    let patterns = typed.iter().any(|name| is_glob(name));
    let known = if patterns {
        session.names(None).await?
    } else {
        Vec::new()
    };
    let mut names: Vec<String> = Vec::new();
    for text in typed {
        for name in matching(text, &known)? {
            if !names.iter().any(|seen| seen == name.as_str()) {
                names.push(name.to_string());
            }
        }
    }
    Ok(names)
}

/// `vm/a b` is a slip of the keyboard more often than a wish.
fn same_spelling(names: &[String]) -> Result<()> {
    let with_kind = names.iter().filter(|name| name.contains('/')).count();
    if with_kind == 0 || with_kind == names.len() {
        return Ok(());
    }
    Err(
        Failure::usage("names with and without a kind cannot be mixed")
            .with_hint("write all as NAME or all as vm/NAME"),
    )
}

fn matching(text: &str, known: &[VmName]) -> Result<Vec<VmName>> {
    if !is_glob(text) {
        return Ok(vec![parse(text)?]);
    }
    let pattern = text.rsplit('/').next().unwrap_or(text);
    let found: Vec<VmName> = known
        .iter()
        .filter(|name| glob_matches(pattern, name.as_str()))
        .cloned()
        .collect();
    if found.is_empty() {
        return Err(
            Failure::new(Kind::NotFound, format!("no VM matches `{text}`"))
                .with_hint("list them with: nova vm list"),
        );
    }
    Ok(found)
}

/// Reads `NAME`, `vm/NAME` or `virtualmachine.nova.dev/NAME`.
pub(crate) fn parse(text: &str) -> Result<VmName> {
    Ok(text.parse()?)
}

/// The kind that `-o name` prints before the name.
pub(crate) fn full_name(name: &str) -> String {
    use nova_api::Resource;
    format!("{}/{name}", VirtualMachine::INFO.qualified_singular())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_choose_among_known_names_and_names_stand_for_themselves() {
        let known: Vec<VmName> = ["web-1", "web-2", "db"]
            .iter()
            .map(|n| n.parse().unwrap())
            .collect();
        let names = |text| {
            matching(text, &known)
                .unwrap()
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
        };
        assert_eq!(names("web-*"), ["web-1", "web-2"]);
        assert_eq!(names("vm/d*"), ["db"]);
        assert_eq!(names("virtualmachine.nova.dev/other"), ["other"]);
        assert_eq!(matching("x*", &known).unwrap_err().kind(), Kind::NotFound);
        assert_eq!(
            matching("Bad_Name", &known).unwrap_err().kind(),
            Kind::Usage
        );
    }

    #[test]
    fn kinds_are_written_for_all_names_or_for_none() {
        let names = |list: &[&str]| list.iter().map(|&n| n.to_owned()).collect::<Vec<_>>();
        assert!(same_spelling(&names(&["vm/a", "vm/b"])).is_ok());
        assert!(same_spelling(&names(&["vm/a", "b"])).is_err());
    }
}
