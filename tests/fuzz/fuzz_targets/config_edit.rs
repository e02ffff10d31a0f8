//! Setting and unsetting keys of any TOML text changes nothing else of it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use nova_config::text::TomlText;

fuzz_target!(|input: (&str, &str, i64, bool)| {
    let (text, key, number, unset) = input;
    let Ok(mut edited) = TomlText::parse(text) else {
        return;
    };
    assert_eq!(edited.after().trim_end(), TomlText::parse(text).unwrap().after().trim_end());
    if unset {
        let there = edited.unset(key);
        let after = edited.after();
        let again = TomlText::parse(&after).expect("what is written can be read");
        if !there && !text.trim().is_empty() {
            assert_eq!(after, text);
        }
        drop(again);
        return;
    }
    let existed = edited.shown(key).is_some();
    if edited.set(key, number.into()).is_err() {
        return;
    }
    let after = edited.after();
    let mut again = TomlText::parse(&after).expect("what is written can be read");
    assert_eq!(again.shown(key), Some(number.to_string()), "{key} in {after}");
    // The same once more changes nothing.
    again.set(key, number.into()).expect("what could be set can be set");
    assert_eq!(again.after(), after);
    // A value that is replaced takes comments inside it away; nothing else does.
    let comments = text.lines().filter(|line| !existed && line.trim_start().starts_with('#'));
    for line in comments {
        assert!(after.contains(line), "lost `{line}` of {text} in {after}");
    }
});
