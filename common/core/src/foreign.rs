//! Text of somebody else, such as a guest's console, made safe for a terminal.
//!
//! A console holds more than text: cursor movements, questions to which the terminal would type
//! answers, titles, clipboard writes. Text, line ends, tabs and colours pass; nothing else does.

use anstyle_parse::{Params, ParamsIter, Parser, Perform};

/// A filter over a stream of bytes; sequences may be cut anywhere.
#[derive(Debug)]
pub struct Foreign {
    parser: Parser,
    kept: Kept,
}

#[derive(Debug)]
struct Kept {
    text: String,
    colors: bool,
    /// A colour was set and not taken back.
    colored: bool,
}

impl Foreign {
    /// A filter that lets colours through, or not.
    #[must_use]
    pub fn new(colors: bool) -> Self {
        let kept = Kept {
            text: String::new(),
            colors,
            colored: false,
        };
        Self {
            parser: Parser::default(),
            kept,
        }
    }

    /// What may be shown of the next bytes.
    pub fn filter(&mut self, bytes: &[u8]) -> String {
        for byte in bytes {
            self.parser.advance(&mut self.kept, *byte);
        }
        std::mem::take(&mut self.kept.text)
    }

    /// What ends the stream: a colour of somebody else must not go on.
    #[must_use]
    pub fn end(self) -> &'static str {
        if self.kept.colored { "\x1b[0m" } else { "" }
    }
}

impl Perform for Kept {
    fn print(&mut self, c: char) {
        // C1 controls are characters here, and sequences to some terminals.
        if !c.is_control() {
            self.text.push(c);
        }
    }

    fn execute(&mut self, byte: u8) {
        if matches!(byte, b'\n' | b'\r' | b'\t') {
            self.text.push(char::from(byte));
        }
    }

    fn csi_dispatch(&mut self, params: &Params, between: &[u8], ignore: bool, action: u8) {
        if action != b'm' || !between.is_empty() || ignore || !self.colors {
            return;
        }
        let words = numbers(params.iter());
        self.colored = !matches!(words.as_str(), "" | "0");
        self.text.extend(["\x1b[", words.as_str(), "m"]);
    }
}

/// `1;38:5:9`.
fn numbers(params: ParamsIter<'_>) -> String {
    let joined = |group: &[u16]| {
        let numbers: Vec<String> = group.iter().map(u16::to_string).collect();
        numbers.join(":")
    };
    params.map(joined).collect::<Vec<_>>().join(";")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(colors: bool, bytes: &[u8]) -> String {
        let mut filter = Foreign::new(colors);
        // Byte by byte: a sequence that is cut is still one.
        let text: String = bytes.iter().map(|byte| filter.filter(&[*byte])).collect();
        text + filter.end()
    }

    #[test]
    fn text_line_ends_and_colours_pass() {
        let text = "héllo\t世\r\n";
        assert_eq!(shown(true, text.as_bytes()), text);
        let green = "[\x1b[1;32m OK \x1b[0m] up\n";
        assert_eq!(shown(true, green.as_bytes()), green);
        assert_eq!(shown(false, green.as_bytes()), "[ OK ] up\n");
        assert_eq!(shown(true, b"\x1b[31mred"), "\x1b[31mred\x1b[0m");
    }

    #[test]
    fn what_moves_asks_or_writes_elsewhere_does_not() {
        for bytes in [
            &b"a\x1b[6nb"[..],
            b"a\x1b[2J\x1b[1;1Hb",
            b"a\x1b]0;title\x07b",
            b"a\x1b]52;c;aGk=\x1b\\b",
            b"a\x1bP+q544e\x1b\\b",
            b"a\x1bc\x1b[?1049h\x07\x08b",
            b"a\xc2\x9b6nb",
        ] {
            let text = shown(true, bytes);
            assert!(!text.contains(['\x1b', '\x07', '\u{9b}']), "{text:?}");
            assert!(text.starts_with('a') && text.ends_with('b'), "{text:?}");
        }
    }
}
