//! What a command line names: `KIND`, `KIND NAME…`, `KIND,KIND` or `KIND/NAME…`.

use nova_api::KindInfo;
use nova_core::{Failure, Result};

use crate::kinds::Kinds;

/// Objects of one kind, by name; no names mean all of them.
#[derive(Debug, Clone)]
pub(crate) struct Group {
    pub(crate) info: KindInfo,
    pub(crate) names: Vec<String>,
}

/// The words as typed, taken apart but not looked up.
#[derive(Debug, PartialEq, Eq)]
enum Typed {
    /// `vm,image`, and for one kind names.
    Kinds(Vec<String>, Vec<String>),
    /// `vm/a image/b`.
    Pairs(Vec<(String, String)>),
}

/// Finds the kinds that `words` name, in the order of the words.
pub(crate) async fn resolve(kinds: &Kinds, words: &[String]) -> Result<Vec<Group>> {
    let mut groups: Vec<Group> = Vec::new();
    match take_apart(words)? {
        Typed::Kinds(typed, names) => {
            for word in &typed {
                for info in kinds.named(word).await? {
                    if groups.iter().all(|group| group.info != info) {
                        let names = own_names(&info, &names)?;
                        groups.push(Group { info, names });
                    }
                }
            }
        }
        Typed::Pairs(pairs) => {
            for (kind, name) in pairs {
                let info = kinds.one(&kind).await?;
                match groups.last_mut().filter(|group| group.info == info) {
                    Some(group) => group.names.push(name),
                    None => groups.push(Group {
                        info,
                        names: vec![name],
                    }),
                }
            }
        }
    }
    Ok(groups)
}

fn take_apart(words: &[String]) -> Result<Typed> {
    let Some((first, rest)) = words.split_first() else {
        return Err(Failure::usage("no kind is named")
            .with_hint("say KIND, KIND NAME or KIND/NAME, as: nova get vm")
            .with_hint("list the kinds with: nova api-resources"));
    };
    if first.contains('/') {
        let pairs = words.iter().map(|word| pair(word)).collect::<Result<_>>()?;
        return Ok(Typed::Pairs(pairs));
    }
    let kinds: Vec<String> = first.split(',').map(str::to_owned).collect();
    if kinds.iter().any(String::is_empty) {
        return Err(Failure::usage(format!("`{first}` has a comma too many")));
    }
    if kinds.len() > 1 && !rest.is_empty() {
        return Err(
            Failure::usage("names belong to one kind").with_hint("write each object as KIND/NAME")
        );
    }
    Ok(Typed::Kinds(kinds, rest.to_vec()))
}

fn pair(word: &str) -> Result<(String, String)> {
    match word.split_once('/') {
        Some((kind, name)) if !kind.is_empty() && !name.is_empty() && !name.contains('/') => {
            Ok((kind.to_owned(), name.to_owned()))
        }
        Some(_) => Err(Failure::usage(format!("`{word}` is not KIND/NAME"))),
        None => Err(
            Failure::usage("names with and without a kind cannot be mixed")
                .with_hint("write all as KIND NAME… or all as KIND/NAME"),
        ),
    }
}

/// Names after a kind may repeat it, as `-o name` prints them.
fn own_names(info: &KindInfo, names: &[String]) -> Result<Vec<String>> {
    let own = |name: &String| match name.split_once('/') {
        None => Ok(name.clone()),
        Some((kind, name)) if info.is_called(kind) => Ok(name.to_owned()),
        Some(_) => Err(Failure::usage(format!(
            "`{name}` is not a {}",
            info.singular
        ))),
    };
    names.iter().map(own).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use nova_api::{Resource, VirtualMachine};

    fn words(line: &str) -> Vec<String> {
        line.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn every_form_is_taken_apart() {
        let kinds = |kinds: &str, names: &str| {
            let names = if names.is_empty() {
                Vec::new()
            } else {
                words(names)
            };
            Typed::Kinds(kinds.split(',').map(str::to_owned).collect(), names)
        };
        let typed = |line: &str| take_apart(&words(line)).unwrap();
        assert_eq!(typed("vm"), kinds("vm", ""));
        assert_eq!(typed("vm a b"), kinds("vm", "a b"));
        assert_eq!(typed("vm,image"), kinds("vm,image", ""));
        let pair = |kind: &str, name: &str| (kind.to_owned(), name.to_owned());
        assert_eq!(
            typed("vm/a image/b"),
            Typed::Pairs(vec![pair("vm", "a"), pair("image", "b")])
        );
        for bad in ["vm/a b", "vm,image a", "vm,,image", "vm/", "/a", "a/b/c"] {
            assert_eq!(take_apart(&words(bad)).unwrap_err().code(), 2, "{bad}");
        }
        assert_eq!(take_apart(&[]).unwrap_err().code(), 2);
    }

    #[test]
    fn names_may_repeat_their_kind_and_no_other() {
        let vm = VirtualMachine::INFO;
        assert_eq!(own_names(&vm, &words("vm/a b")).unwrap(), ["a", "b"]);
        assert!(own_names(&vm, &words("image/a")).is_err());
    }
}
