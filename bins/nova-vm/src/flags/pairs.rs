//! `--label KEY=VALUE` and its like.

use std::str::FromStr;

use nova_api::{check_label_key, check_label_value};

/// A label to set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Label(pub(crate) String, pub(crate) String);

impl FromStr for Label {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (key, value) = text.split_once('=').ok_or("write KEY=VALUE")?;
        check_label_key(key)?;
        check_label_value(value)?;
        Ok(Self(key.to_owned(), value.to_owned()))
    }
}

/// An annotation to set; any value goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Annotation(pub(crate) String, pub(crate) String);

impl FromStr for Annotation {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (key, value) = text.split_once('=').ok_or("write KEY=VALUE")?;
        check_label_key(key)?;
        Ok(Self(key.to_owned(), value.to_owned()))
    }
}

/// A label to set, `KEY=VALUE`, or to remove, `KEY-`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LabelChange(pub(crate) String, pub(crate) Option<String>);

impl FromStr for LabelChange {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(key) = text.strip_suffix('-').filter(|key| !key.contains('=')) {
            check_label_key(key)?;
            return Ok(Self(key.to_owned(), None));
        }
        let Label(key, value) = text.parse()?;
        Ok(Self(key, Some(value)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_set_and_removed() {
        assert_eq!(
            "a=b".parse::<LabelChange>().unwrap(),
            LabelChange("a".into(), Some("b".into()))
        );
        assert_eq!(
            "x.y/a-".parse::<LabelChange>().unwrap(),
            LabelChange("x.y/a".into(), None)
        );
        for bad in ["a", "-a=b", "a=b c", "=b", "-"] {
            assert!(bad.parse::<LabelChange>().is_err(), "{bad}");
        }
        assert!("note=any text, really".parse::<Annotation>().is_ok());
    }
}
