//! Rules that protect: what must be confirmed by name, and what must not run at all.

use super::Config;
use crate::{Failure, Globals, Kind, Result};

/// What protects the place that a command works in.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Protection {
    /// `context`, `environment` or `configuration`.
    pub(crate) what: &'static str,
    /// What must be typed; absent when nothing is protected.
    pub(crate) name: Option<String>,
    /// Deletes want the name of their target typed.
    pub(crate) type_name: bool,
    color: Option<String>,
}

impl Protection {
    pub(crate) fn is_on(&self) -> bool {
        self.name.is_some()
    }

    /// The terminal's code for the warning.
    pub(crate) fn color_code(&self) -> &'static str {
        match self.color.as_deref() {
            Some("yellow") => "\x1b[1;33m",
            Some("green") => "\x1b[1;32m",
            Some("blue") => "\x1b[1;34m",
            Some("magenta") => "\x1b[1;35m",
            Some("cyan") => "\x1b[1;36m",
            _ => "\x1b[1;31m",
        }
    }
}

impl Config {
    /// What protects the place that these flags choose.
    pub(crate) fn protection(&self, globals: &Globals) -> Result<Protection> {
        let mut found = Protection {
            type_name: self.get("confirm").is_some(),
            color: self.text("color"),
            ..Protection::default()
        };
        if let Some(name) = self.protected_context(globals)? {
            found.what = "context";
            found.name = Some(name);
        } else if self.text("protect").as_deref() == Some("true") {
            let environment = self.environment().or_else(|| self.profile());
            found.what = match environment {
                Some(_) => "environment",
                None => "configuration",
            };
            found.name = Some(environment.unwrap_or("protected").to_owned());
        }
        Ok(found)
    }

    fn protected_context(&self, globals: &Globals) -> Result<Option<String>> {
        let Some(endpoint) = &globals.endpoint else {
            let context = self.context(globals.context.as_deref())?;
            return Ok(context
                .filter(|found| found.protected)
                .map(|found| found.name));
        };
        // An endpoint is a way around the context, not around its protection.
        let same = |name: &Option<String>| {
            let cluster = name.as_deref().and_then(|name| self.cluster(name));
            cluster.is_some_and(|cluster| {
                cluster.server.trim_end_matches('/') == endpoint.trim_end_matches('/')
            })
        };
        let contexts = self.contexts();
        let found = contexts
            .into_iter()
            .find(|found| found.protected && same(&found.cluster));
        Ok(found.map(|found| found.name))
    }

    /// Refuses a command, such as `vm delete`, that `deny` holds or `allow` does not.
    pub(crate) fn check_allowed(&self, command: &str) -> Result<()> {
        let rule = |key: &str| -> Option<Vec<String>> {
            let items = self.get(key)?.value.as_array()?;
            Some(
                items
                    .iter()
                    .filter_map(|item| item.as_str().map(str::to_owned))
                    .collect(),
            )
        };
        let denied = rule("deny").is_some_and(|rules| rules.iter().any(|r| covers(r, command)));
        // The way to change the rule stays open.
        let missing = !command.starts_with("config")
            && rule("allow").is_some_and(|rules| !rules.iter().any(|r| covers(r, command)));
        let key = match (denied, missing) {
            (true, _) => "deny",
            (_, true) => "allow",
            _ => return Ok(()),
        };
        let origin = self
            .get(key)
            .map(|entry| entry.origin.to_string())
            .unwrap_or_default();
        let place = match self.environment() {
            Some(name) => format!(" in environment \"{name}\""),
            None => String::new(),
        };
        let message = format!("`{command}` must not run{place}: `{key}` of {origin} says so");
        Err(Failure::new(Kind::Config, message)
            .with_hint(format!("see the rule with: nova config get {key}")))
    }
}

/// Whether a rule, words with `*` for any, covers a command or one above it.
fn covers(rule: &str, command: &str) -> bool {
    let rule: Vec<&str> = rule.split_whitespace().collect();
    let words: Vec<&str> = command.split_whitespace().collect();
    let alike = |(rule, word): (&&str, &&str)| *rule == "*" || rule == word;
    !rule.is_empty() && rule.len() <= words.len() && rule.iter().zip(&words).all(alike)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_cover_commands_by_words() {
        assert!(covers("vm delete", "vm delete"));
        assert!(covers("vm", "vm delete"));
        assert!(covers("vm *", "vm delete"));
        assert!(covers("* delete", "image delete"));
        assert!(!covers("vm delete", "vm list"));
        assert!(!covers("vm delete now", "vm delete"));
        assert!(!covers("", "vm delete"));
    }
}
