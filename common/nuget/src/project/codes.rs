//! Codes of messages, as `NoWarn` and its relatives list them.

/// The codes that NuGet has, from the first to the last of each run. Those of signatures and of packing
/// are taken as a whole.
const KNOWN: [(u16, u16); 15] = [
    (1000, 1015),
    (1100, 1110),
    (1201, 1204),
    (1211, 1213),
    (1301, 1302),
    (1401, 1403),
    (1410, 1410),
    (1501, 1511),
    (1601, 1605),
    (1608, 1608),
    (1701, 1703),
    (1801, 1803),
    (1900, 1905),
    (3000, 3999),
    (5000, 5999),
];

/// Whether a word is the code of a message, in any case.
#[must_use]
pub fn is_code(word: &str) -> bool {
    number(word).is_some()
}

fn number(word: &str) -> Option<u16> {
    let (head, digits) = word.split_at_checked(2)?;
    if !head.eq_ignore_ascii_case("NU") || digits.len() != 4 {
        return None;
    }
    let number = digits.parse().ok()?;
    let known = KNOWN
        .iter()
        .any(|(first, last)| (*first..=*last).contains(&number));
    known.then_some(number)
}

/// The codes of a list, in capitals and each once; other words in it are other tools'.
#[must_use]
pub fn codes(text: &str) -> Vec<String> {
    let words = text.split(|c: char| c == ';' || c == ',' || c.is_whitespace());
    let mut found: Vec<String> = Vec::new();
    for word in words.filter(|word| is_code(word)) {
        let code = word.to_ascii_uppercase();
        if !found.contains(&code) {
            found.push(code);
        }
    }
    found
}
