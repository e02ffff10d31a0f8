//! "Did you mean": the nearest names to a word that is not known.

/// At most three of `known` that are near `word`, best first.
///
/// Near is a Damerau–Levenshtein distance up to a third of the word (at least 1, at most 3), or a
/// name that starts with the word.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let limit = (word.chars().count() / 3).clamp(1, 3);
    let lower = word.to_lowercase();
    let mut ranked: Vec<(usize, &str)> = known
        .into_iter()
        .filter_map(|name| {
            let distance = strsim::damerau_levenshtein(&lower, &name.to_lowercase());
            let prefix = lower.len() >= 2 && name.to_lowercase().starts_with(&lower);
            (distance <= limit || prefix).then_some((distance, name))
        })
        .collect();
    ranked.sort_unstable();
    ranked.dedup();
    ranked.into_iter().take(3).map(|(_, name)| name).collect()
}

/// The hint for the nearest names, if there are any: `did you mean "a" or "b"?`.
pub fn hint<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let quoted: Vec<String> = nearest(word, known)
        .into_iter()
        .map(|name| format!("\"{name}\""))
        .collect();
    let (last, rest) = quoted.split_last()?;
    Some(match rest {
        [] => format!("did you mean {last}?"),
        _ => format!("did you mean {} or {last}?", rest.join(", ")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_come_best_first() {
        assert_eq!(
            nearest("web-11", ["web-1", "db", "web-10", "api"]),
            ["web-1", "web-10"]
        );
        assert_eq!(nearest("lits", ["list", "get"]), ["list"]);
        assert!(nearest("zzz", ["list", "get"]).is_empty());
        assert_eq!(
            hint("web-11", ["web-1", "web-10"]).unwrap(),
            "did you mean \"web-1\" or \"web-10\"?"
        );
    }
}
