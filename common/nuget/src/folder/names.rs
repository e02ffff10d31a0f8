//! Names of entries as paths, and which of them are the package's own.

/// The path that a name means, if it stays where it belongs. Names are percent-encoded.
pub(super) fn relative(name: &str) -> Option<String> {
    let name = decoded(name);
    let name = name.strip_suffix('/').unwrap_or(&name);
    let bad = |part: &str| matches!(part, "" | "." | "..") || part.contains(['\\', '\0']);
    let drive = name.as_bytes().get(1) == Some(&b':');
    if name.is_empty() || drive || name.split('/').any(bad) {
        return None;
    }
    Some(name.to_owned())
}

/// `%2B` is `+`; what is no code stays.
fn decoded(name: &str) -> String {
    let (mut bytes, mut rest) = (Vec::with_capacity(name.len()), name.as_bytes());
    while let [first, tail @ ..] = rest {
        let code = tail.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        let byte = code
            .and_then(|hex| u8::from_str_radix(hex, 16).ok())
            .filter(|_| *first == b'%');
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &tail[2..] } else { tail };
    }
    String::from_utf8(bytes).unwrap_or_else(|_| name.to_owned())
}

/// What belongs to the archive and not to the package.
pub(super) fn is_packaging(path: &str) -> bool {
    path == "[Content_Types].xml"
        || path.starts_with("_rels/")
        || path.starts_with("package/services/metadata/")
}

/// A manifest at the root.
pub(super) fn is_manifest(path: &str) -> bool {
    let ending = path.len().checked_sub(".nuspec".len());
    let ends = ending
        .and_then(|at| path.get(at..))
        .is_some_and(|end| end.eq_ignore_ascii_case(".nuspec"));
    ends && !path.contains('/')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_lead_out_are_none() {
        for name in [
            "../evil",
            "a/../../b",
            "/etc/passwd",
            "a/./b",
            "c:/x",
            "C:\\x",
            "a\\..\\b",
            "",
            "/",
            "a//b",
            "%2e%2e/evil",
            "a/%2e%2e/%2e%2e/b",
            "x\0y",
            "..",
        ] {
            assert_eq!(relative(name), None, "{name:?}");
        }
    }

    #[test]
    fn names_are_decoded_once() {
        assert_eq!(
            relative("lib/portable-net45%2Bwin8/a.dll").as_deref(),
            Some("lib/portable-net45+win8/a.dll")
        );
        assert_eq!(relative("a%252Fb").as_deref(), Some("a%2Fb"));
        assert_eq!(relative("100%/a").as_deref(), Some("100%/a"));
        assert_eq!(relative("folder/").as_deref(), Some("folder"));
        assert_eq!(relative("aux.txt").as_deref(), Some("aux.txt"));
    }

    #[test]
    fn a_manifest_lies_at_the_root() {
        assert!(is_manifest("A.nuspec") && is_manifest("a.NUSPEC"));
        assert!(!is_manifest("content/a.nuspec") && !is_manifest("nuspec"));
    }
}
