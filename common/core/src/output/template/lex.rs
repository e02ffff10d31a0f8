//! Splits a template into texts and the tokens of its actions.

use super::Fault;
use crate::output::go_string::unquote;

/// A piece of an action.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    /// `.name`
    Field(String),
    /// `.`
    Dot,
    /// `$name`, or `$` with an empty name.
    Variable(String),
    /// A word.
    Word(String),
    Text(String),
    Number(String),
    Char(i64),
    Open,
    Close,
    Pipe,
    Declare,
    Assign,
    Comma,
    Space,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Piece {
    Text(String),
    /// Where the action starts, and its tokens with their places.
    Action(usize, Vec<(usize, Token)>),
}

pub(super) fn pieces(text: &str) -> Result<Vec<Piece>, Fault> {
    let (mut pieces, mut at, mut trim) = (Vec::new(), 0, false);
    loop {
        let open = text[at..].find("{{").map(|found| at + found);
        let mut literal = &text[at..open.unwrap_or(text.len())];
        if trim {
            literal = literal.trim_start_matches(is_space);
        }
        let inside = open.map(|open| open + 2);
        let trims_left = inside.is_some_and(|inside| is_trim_open(&text[inside..]));
        if trims_left {
            literal = literal.trim_end_matches(is_space);
        }
        if !literal.is_empty() {
            pieces.push(Piece::Text(literal.to_owned()));
        }
        let Some(inside) = inside else {
            return Ok(pieces);
        };
        let mut lexer = Lexer {
            text,
            at: if trims_left { inside + 1 } else { inside },
            tokens: Vec::new(),
            depth: 0,
        };
        trim = if let Some(trim) = lexer.comment()? {
            trim
        } else {
            let trim = lexer.action()?;
            pieces.push(Piece::Action(inside, lexer.tokens));
            trim
        };
        at = lexer.at;
    }
}

/// `- ` right after the braces.
fn is_trim_open(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next() == Some('-') && chars.next().is_some_and(is_space)
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

fn is_word(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    tokens: Vec<(usize, Token)>,
    depth: usize,
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn fault<T>(&self, message: impl Into<String>) -> Result<T, Fault> {
        Err(Fault::new(self.at, message))
    }

    /// A comment, and whether text after it is trimmed; nothing if there is none.
    fn comment(&mut self) -> Result<Option<bool>, Fault> {
        let rest = self.rest().trim_start_matches(is_space);
        let blank = self.rest().len() - rest.len();
        // Only a trim marker may stand before a comment.
        let Some(body) = rest
            .strip_prefix("/*")
            .filter(|_| blank == 0 || self.text[..self.at].ends_with('-'))
        else {
            return Ok(None);
        };
        let Some(end) = body.find("*/") else {
            return self.fault("unclosed comment");
        };
        let after = &body[end + 2..];
        let trimmed = after.trim_start_matches(is_space);
        let (trim, closed) = match trimmed.strip_prefix("-}}") {
            Some(closed) if trimmed.len() < after.len() => (true, Some(closed)),
            _ => (false, after.strip_prefix("}}")),
        };
        let Some(closed) = closed else {
            return self.fault("comment ends before closing delimiter");
        };
        self.at = self.text.len() - closed.len();
        Ok(Some(trim))
    }

    /// Tokens up to the closing braces; whether text after them is trimmed.
    fn action(&mut self) -> Result<bool, Fault> {
        loop {
            let rest = self.rest();
            let unspaced = rest.trim_start_matches(is_space);
            if unspaced.len() < rest.len() && unspaced.starts_with("-}}") {
                return self.closed(rest.len() - unspaced.len() + 3, true);
            }
            if rest.starts_with("}}") {
                return self.closed(2, false);
            }
            self.token()?;
        }
    }

    fn closed(&mut self, length: usize, trim: bool) -> Result<bool, Fault> {
        if self.depth > 0 {
            return self.fault("unclosed left paren");
        }
        self.at += length;
        Ok(trim)
    }

    fn push(&mut self, length: usize, token: Token) {
        self.tokens.push((self.at, token));
        self.at += length;
    }

    fn length_while(&self, from: usize, keep: impl Fn(char) -> bool) -> usize {
        let rest = &self.rest()[from..];
        from + rest.find(|c| !keep(c)).unwrap_or(rest.len())
    }

    fn token(&mut self) -> Result<(), Fault> {
        let rest = self.rest();
        let Some(first) = rest.chars().next() else {
            return self.fault("unclosed action");
        };
        let second = rest[first.len_utf8()..].chars().next().unwrap_or(' ');
        match first {
            c if is_space(c) => self.push(self.length_while(0, is_space), Token::Space),
            ':' if second == '=' => self.push(2, Token::Declare),
            '=' => self.push(1, Token::Assign),
            '|' => self.push(1, Token::Pipe),
            ',' => self.push(1, Token::Comma),
            '(' => {
                self.depth += 1;
                self.push(1, Token::Open);
            }
            ')' if self.depth == 0 => return self.fault("unexpected right paren"),
            ')' => {
                self.depth -= 1;
                self.push(1, Token::Close);
            }
            '"' | '\'' => return self.quoted(first),
            '`' => return self.raw(),
            '.' if second.is_ascii_digit() => self.number(),
            '.' | '$' => return self.name(first),
            '+' | '-' | '0'..='9' => self.number(),
            c if is_word(c) => {
                let length = self.length_while(0, is_word);
                self.push(length, Token::Word(rest[..length].to_owned()));
                return self.after_word();
            }
            c => return self.fault(format!("unexpected {c:?} in action")),
        }
        Ok(())
    }

    fn name(&mut self, first: char) -> Result<(), Fault> {
        let length = self.length_while(1, is_word);
        let name = self.rest()[1..length].to_owned();
        let token = match first {
            '$' => Token::Variable(name),
            _ if name.is_empty() => Token::Dot,
            _ => Token::Field(name),
        };
        self.push(length, token);
        self.after_word()
    }

    /// A name ends where something begins that cannot be in one.
    fn after_word(&mut self) -> Result<(), Fault> {
        match self.rest().chars().next() {
            None => self.fault("unclosed action"),
            Some(c)
                if is_space(c) || matches!(c, '.' | ',' | '|' | ':' | ')' | '(' | '=' | '}') =>
            {
                Ok(())
            }
            Some(c) => self.fault(format!("bad character {c:?}")),
        }
    }

    fn number(&mut self) {
        let rest = self.rest();
        let sign = usize::from(rest.starts_with(['+', '-']));
        let mut length = sign;
        for c in rest[sign..].chars() {
            let exponent_sign = matches!(c, '+' | '-')
                && rest[..length].ends_with(['e', 'E', 'p', 'P'])
                && (!rest[sign..].starts_with("0x") || rest[..length].ends_with(['p', 'P']));
            if !(is_word(c) || c == '.' || exponent_sign) {
                break;
            }
            length += c.len_utf8();
        }
        self.push(length, Token::Number(rest[..length].to_owned()));
    }

    fn quoted(&mut self, quote: char) -> Result<(), Fault> {
        let rest = self.rest();
        let (mut escaped, mut end) = (false, None);
        for (at, c) in rest.char_indices().skip(1) {
            match c {
                '\n' => break,
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                c if c == quote => {
                    end = Some(at);
                    break;
                }
                _ => {}
            }
        }
        let Some(end) = end else {
            return self.fault("unterminated quoted string");
        };
        let Some(value) = unquote(&rest[1..end], quote) else {
            return self.fault(format!("invalid syntax in {}", &rest[..=end]));
        };
        if quote == '"' {
            self.push(end + 1, Token::Text(value));
            return Ok(());
        }
        let mut chars = value.chars();
        match (chars.next(), chars.next()) {
            (Some(c), None) => self.push(end + 1, Token::Char(i64::from(u32::from(c)))),
            _ => return self.fault(format!("malformed character constant: {}", &rest[..=end])),
        }
        Ok(())
    }

    fn raw(&mut self) -> Result<(), Fault> {
        let rest = self.rest();
        let Some(end) = rest[1..].find('`') else {
            return self.fault("unterminated raw quoted string");
        };
        self.push(end + 2, Token::Text(rest[1..=end].replace('\r', "")));
        Ok(())
    }
}
