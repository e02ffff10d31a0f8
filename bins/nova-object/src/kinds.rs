//! Which kind a word or an object means.

use std::sync::Mutex;

use nova_api::client::{Resources, ServedKind};
use nova_api::{Api, KINDS, KindInfo, Scope};
use nova_core::{Cx, Failure, Kind, Result};
use serde_json::Value;

/// A connection, and the kinds behind it as far as they were asked for.
#[derive(Debug)]
pub(crate) struct Kinds {
    api: Api,
    served: Mutex<Option<Vec<ServedKind>>>,
}

impl Kinds {
    /// Finds the server, or starts it.
    pub(crate) async fn open(cx: &Cx) -> Result<Self> {
        Ok(Self {
            api: Api::connect(cx).await?,
            served: Mutex::new(None),
        })
    }

    /// The same with connections of its own, for another runtime.
    pub(crate) fn detached(&self) -> Self {
        let served = self.served.lock().ok().and_then(|known| known.clone());
        Self {
            api: self.api.detached(),
            served: Mutex::new(served),
        }
    }

    /// The connection.
    pub(crate) fn api(&self) -> &Api {
        &self.api
    }

    /// Everything that the server has; asked once.
    pub(crate) async fn served(&self) -> Result<Vec<ServedKind>> {
        if let Some(known) = self.served.lock().ok().and_then(|known| known.clone()) {
            return Ok(known);
        }
        let kinds = self.api.kinds().await?;
        if let Ok(mut known) = self.served.lock() {
            *known = Some(kinds.clone());
        }
        Ok(kinds)
    }

    /// The kinds that a word such as `vm`, `vms`, `virtualmachines.nova.dev` or `all` means.
    pub(crate) async fn named(&self, word: &str) -> Result<Vec<KindInfo>> {
        // The kinds that this release was built with need no question.
        if let Some(info) = KINDS.iter().find(|info| is_called(info, word)) {
            return Ok(vec![*info]);
        }
        let served = self.served().await?;
        if let Some(kind) = served.iter().find(|kind| is_called(&kind.info, word)) {
            return Ok(vec![kind.info]);
        }
        let of_category = served.iter().filter(|kind| {
            let listed = kind.verbs.iter().any(|verb| verb == "list");
            listed && kind.categories.iter().any(|category| category == word)
        });
        let kinds: Vec<KindInfo> = of_category.map(|kind| kind.info).collect();
        if kinds.is_empty() {
            return Err(unknown(word, &served));
        }
        Ok(kinds)
    }

    /// The one kind that a word means.
    pub(crate) async fn one(&self, word: &str) -> Result<KindInfo> {
        match self.named(word).await?.as_slice() {
            [info] => Ok(*info),
            kinds => Err(Failure::usage(format!(
                "`{word}` means {} kinds; one is needed",
                kinds.len()
            ))),
        }
    }

    /// The kind of an object, by its `apiVersion` and `kind`.
    pub(crate) async fn of_object(&self, object: &Value) -> Result<KindInfo> {
        let (version, kind) = (text(&object["apiVersion"]), text(&object["kind"]));
        for (field, value) in [("apiVersion", version), ("kind", kind)] {
            if value.is_empty() {
                let message = format!("the object has no {field}");
                return Err(Failure::new(Kind::Config, message));
            }
        }
        let matches = |info: &KindInfo| info.kind == kind && info.api_version() == version;
        if let Some(info) = KINDS.iter().find(|info| matches(info)) {
            return Ok(*info);
        }
        let served = self.served().await?;
        if let Some(known) = served.iter().find(|known| matches(&known.info)) {
            return Ok(known.info);
        }
        Err(no_match(version, kind, &served))
    }

    /// The objects of a kind, where one of this namespace would be.
    pub(crate) fn objects(&self, info: &KindInfo, namespace: &str) -> Resources<Value> {
        let objects = self.api.of_kind(info);
        if info.scope == Scope::Namespaced && !namespace.is_empty() {
            objects.in_namespace(namespace)
        } else {
            objects
        }
    }
}

/// Also `virtualmachines.v1.nova.dev`, as Kubernetes writes a kind in full.
fn is_called(info: &KindInfo, word: &str) -> bool {
    let version = format!(".{}", info.version);
    let Some((bare, group)) = word.split_once(version.as_str()) else {
        return info.is_called(word);
    };
    match group.strip_prefix('.') {
        Some(group) => info.is_called(&format!("{bare}.{group}")),
        None if group.is_empty() => info.group.is_empty() && info.is_called(bare),
        None => info.is_called(word),
    }
}

fn unknown(word: &str, served: &[ServedKind]) -> Failure {
    let failure = Failure::new(Kind::NotFound, format!("the server has no kind `{word}`"));
    let names = served.iter().flat_map(|kind| {
        let short = kind.info.short_names.iter().copied();
        [kind.info.plural, kind.info.singular]
            .into_iter()
            .chain(short)
    });
    let failure = match nova_core::suggest::hint(word, names) {
        Some(hint) => failure.with_hint(hint),
        None => failure,
    };
    failure.with_hint("list the kinds with: nova api-resources")
}

fn no_match(version: &str, kind: &str, served: &[ServedKind]) -> Failure {
    let message = format!("the server has no kind `{kind}` in `{version}`");
    let failure = Failure::new(Kind::Config, message);
    let same = served.iter().find(|known| known.info.kind == kind);
    if let Some(known) = same {
        return failure.with_hint(format!("write `apiVersion: {}`", known.info.api_version()));
    }
    match nova_core::suggest::hint(kind, served.iter().map(|known| known.info.kind)) {
        Some(hint) => failure.with_hint(hint),
        None => failure.with_hint("list the kinds with: nova api-resources"),
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use nova_api::{Namespace, Resource, VirtualMachine};

    #[test]
    fn kinds_answer_to_their_full_spelling_too() {
        let vm = VirtualMachine::INFO;
        for word in [
            "vm",
            "VirtualMachine",
            "virtualmachines.v1.nova.dev",
            "vms.nova.dev",
        ] {
            assert!(is_called(&vm, word), "{word}");
        }
        assert!(!is_called(&vm, "virtualmachines.v1.other.dev"));
        assert!(is_called(&Namespace::INFO, "namespaces.v1"));
        assert!(!is_called(&Namespace::INFO, "virtualmachines.v1"));
    }
}
