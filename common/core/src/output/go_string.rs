//! Go's string literals.

/// Resolves the escapes of a literal without its quotes. Nothing if one is wrong or a bare quote
/// is inside. Bytes that are no UTF-8 become replacement characters.
pub(crate) fn unquote(inner: &str, quote: char) -> Option<String> {
    if !inner.contains(['\\', quote]) {
        return Some(inner.to_owned());
    }
    let mut bytes = Vec::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => escape(&mut chars, quote, &mut bytes)?,
            c if c == quote => return None,
            c => push(c, &mut bytes),
        }
    }
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

fn push(c: char, bytes: &mut Vec<u8>) {
    bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
}

fn escape(chars: &mut std::str::Chars<'_>, quote: char, bytes: &mut Vec<u8>) -> Option<()> {
    let byte = match chars.next()? {
        'a' => 7,
        'b' => 8,
        'f' => 12,
        'n' => b'\n',
        'r' => b'\r',
        't' => b'\t',
        'v' => 11,
        '\\' => b'\\',
        'x' => u8::try_from(number(chars, "", 2, 16)?).ok()?,
        letter @ ('u' | 'U') => {
            let digits = if letter == 'u' { 4 } else { 8 };
            push(char::from_u32(number(chars, "", digits, 16)?)?, bytes);
            return Some(());
        }
        c @ '0'..='7' => {
            let first = c.encode_utf8(&mut [0; 4]).to_owned();
            u8::try_from(number(chars, &first, 2, 8)?).ok()?
        }
        c if c == quote => {
            push(c, bytes);
            return Some(());
        }
        _ => return None,
    };
    bytes.push(byte);
    Some(())
}

/// Reads exactly `count` more digits after `first`.
fn number(chars: &mut std::str::Chars<'_>, first: &str, count: usize, radix: u32) -> Option<u32> {
    let mut value = first
        .chars()
        .next()
        .map_or(Some(0), |c| c.to_digit(radix))?;
    for _ in 0..count {
        value = value.checked_mul(radix)? + chars.next()?.to_digit(radix)?;
    }
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_those_of_go() {
        assert_eq!(unquote(r"a\tb\u00e9\x41\101\\", '"').unwrap(), "a\tbéAA\\");
        assert_eq!(unquote(r"it\'s", '\'').unwrap(), "it's");
        for wrong in [r"\q", r"\x4", r"\ud800", r"\400", "a\"b", r"\'", "\\"] {
            assert_eq!(unquote(wrong, '"'), None, "{wrong}");
        }
    }
}
