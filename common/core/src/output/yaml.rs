//! YAML that every reader understands alike.

use serde::Serialize;

use crate::{Context, Kind, Result};

/// One YAML document with sorted keys and a final newline.
pub fn to_yaml(value: &impl Serialize) -> Result<String> {
    let sorted = serde_json::to_value(value).context(Kind::Internal, || "encoding YAML".into())?;
    let options = serde_saphyr::ser_options! { compact_list_indent: true };
    let mut text = serde_saphyr::to_string_with_options(&sorted, options)
        .context(Kind::Internal, || "encoding YAML".into())?;
    if !text.ends_with('\n') {
        text.push('\n');
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn risky_strings_are_quoted_and_lists_are_not_indented() {
        let text = to_yaml(&json!({"b": ["y", "on", "1_000", "2025-01-02"], "a": 1})).unwrap();
        assert!(text.starts_with("a: 1\nb:\n- "), "{text}");
        for word in ["y", "on", "1_000", "2025-01-02"] {
            assert!(
                text.contains(&format!("'{word}'")) || text.contains(&format!("\"{word}\"")),
                "{text}"
            );
        }
    }
}
