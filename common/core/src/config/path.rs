//! Dotted key paths: `aliases."a.b"` is two names.

/// The names of a path. Quoted names may hold dots; a path that is malformed is taken as it
/// stands, so this never fails.
#[must_use]
pub fn split(path: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut rest = path;
    loop {
        let (name, after) = first_name(rest);
        names.push(name);
        match after.strip_prefix('.') {
            Some(more) => rest = more,
            None => return names,
        }
    }
}

/// The path of these names, quoted where they need it.
#[must_use]
pub fn join<S: AsRef<str>>(names: &[S]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| quote(name.as_ref())).collect();
    quoted.join(".")
}

fn first_name(text: &str) -> (String, &str) {
    for mark in ['"', '\''] {
        if let Some(inner) = text.strip_prefix(mark)
            && let Some((name, after)) = inner.split_once(mark)
            && (after.is_empty() || after.starts_with('.'))
        {
            return (name.to_owned(), after);
        }
    }
    let end = text.find('.').unwrap_or(text.len());
    (text[..end].to_owned(), &text[end..])
}

fn quote(name: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '+' | '$');
    if !name.is_empty() && name.chars().all(bare) {
        name.to_owned()
    } else if name.contains('"') {
        format!("'{name}'")
    } else {
        format!("\"{name}\"")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_names_keep_their_dots() {
        for path in ["a", "a.b", "aliases.\"a.b\".c", "a.\"x y\"", "a.''"] {
            let again = join(&split(path));
            assert_eq!(split(&again), split(path), "{path}");
        }
        assert_eq!(split("aliases.\"a.b\""), ["aliases", "a.b"]);
        assert_eq!(split("a..b"), ["a", "", "b"]);
        assert_eq!(split("a.\"b"), ["a", "\"b"]);
    }
}
