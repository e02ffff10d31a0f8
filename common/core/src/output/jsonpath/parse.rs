//! From template text to steps.
//!
//! One cursor walks the text. Inside an action blanks separate, `@` and `$` are skipped, and every
//! other start of a step says what it is. Filters and unions hold actions of their own, which are
//! parsed from their slice of the text; nesting is bounded because each level needs brackets.

use serde_json::Value;

use super::{Error, Filter, SliceEnd, Step};

/// Unions and filters inside each other; more than anyone writes, less than a stack holds.
const DEEPEST: usize = 32;

pub(super) fn template(text: &str) -> Result<Vec<Vec<Step>>, Error> {
    let mut cursor = Cursor {
        text,
        at: 0,
        depth: 0,
    };
    let mut actions = Vec::new();
    loop {
        let literal = cursor.until_brace();
        if !literal.is_empty() {
            actions.push(vec![Step::Literal(literal.into())]);
        }
        if cursor.next().is_none() {
            return Ok(actions);
        }
        actions.push(cursor.action()?);
    }
}

/// An action without its braces.
fn nested(text: &str, depth: usize) -> Result<Vec<Step>, Error> {
    if depth > DEEPEST {
        return Err(fault("filters and unions are nested too deep"));
    }
    let closed = format!("{text}}}");
    let mut cursor = Cursor {
        text: &closed,
        at: 0,
        depth,
    };
    cursor.action()
}

fn fault(message: impl Into<String>) -> Error {
    Error::Parse(message.into())
}

struct Cursor<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

impl<'a> Cursor<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    fn skip(&mut self, prefix: &str) -> bool {
        let found = self.rest().starts_with(prefix);
        if found {
            self.at += prefix.len();
        }
        found
    }

    fn until_brace(&mut self) -> &'a str {
        let rest = self.rest();
        let length = rest.find('{').unwrap_or(rest.len());
        self.at += length;
        &rest[..length]
    }

    /// What follows up to the next of `ends` (not taken), or up to the end.
    fn take_while(&mut self, keep: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let length = rest.find(|c| !keep(c)).unwrap_or(rest.len());
        self.at += length;
        &rest[..length]
    }

    /// Steps up to the closing brace, which is taken.
    fn action(&mut self) -> Result<Vec<Step>, Error> {
        let mut steps = Vec::new();
        loop {
            if self.skip("}") {
                return Ok(steps);
            }
            if self.skip("[?(") {
                steps.push(self.filter()?);
            } else if self.skip("..") {
                self.recursive(&mut steps)?;
            } else {
                self.step(&mut steps)?;
            }
        }
    }

    fn step(&mut self, steps: &mut Vec<Step>) -> Result<(), Error> {
        match self.peek() {
            None | Some('\r' | '\n') => return Err(fault("unclosed action")),
            Some(' ' | '@' | '$') => {
                self.next();
            }
            Some('[') => self.index(steps)?,
            Some(quote @ ('"' | '\'')) => steps.push(self.quoted(quote)?),
            Some('.') => {
                self.next();
                steps.push(self.field());
            }
            Some(c) if matches!(c, '+' | '-') || c.is_numeric() => steps.push(self.number()?),
            Some(c) if c == '_' || c.is_alphabetic() => steps.push(self.word()),
            Some(c) => {
                let code = u32::from(c);
                return Err(fault(format!(
                    "unrecognized character in action: U+{code:04X} '{c}'"
                )));
            }
        }
        Ok(())
    }

    fn recursive(&mut self, steps: &mut Vec<Step>) -> Result<(), Error> {
        if steps.last() == Some(&Step::Recursive) {
            return Err(fault("invalid multiple recursive descent"));
        }
        steps.push(Step::Recursive);
        if self.peek().is_some_and(|c| c == '_' || c.is_alphanumeric()) {
            steps.push(self.field());
        }
        Ok(())
    }

    /// A name up to a character that cannot be in one; `\` takes the next as it is.
    fn field(&mut self) -> Step {
        let (mut name, start) = (String::new(), self.at);
        while let Some(c) = self.peek().filter(|c| !ends_name(*c)) {
            self.next();
            if c != '\\' {
                name.push(c);
            } else if let Some(escaped) = self.next()
                && escaped != '\\'
            {
                name.push(escaped);
            }
        }
        if &self.text[start..self.at] == "*" {
            Step::Wildcard
        } else {
            Step::Field(name)
        }
    }

    fn word(&mut self) -> Step {
        match self.take_while(|c| !ends_name(c)) {
            "true" => Step::Literal(true.into()),
            "false" => Step::Literal(false.into()),
            word => Step::Word(word.to_owned()),
        }
    }

    fn number(&mut self) -> Result<Step, Error> {
        let start = self.at;
        if matches!(self.peek(), Some('+' | '-')) {
            self.next();
        }
        self.take_while(|c| c == '.' || c.is_numeric());
        let text = &self.text[start..self.at];
        let plain = text.strip_prefix('+').unwrap_or(text);
        let number = match plain.parse::<i64>() {
            Ok(int) => Some(Value::from(int)),
            Err(_) => plain.parse::<f64>().ok().map(Value::from),
        };
        number
            .map(Step::Literal)
            .ok_or_else(|| fault(format!("cannot parse number {text}")))
    }

    /// A string with Go's escapes. A quote after a backslash never ends it.
    fn quoted(&mut self, quote: char) -> Result<Step, Error> {
        let start = self.at;
        self.next();
        loop {
            match self.next() {
                None | Some('\n') => return Err(fault("unterminated quoted string")),
                Some(c) if c == quote && self.text.as_bytes()[self.at - 2] != b'\\' => break,
                Some(_) => {}
            }
        }
        let text = &self.text[start..self.at];
        let inner = &text[1..text.len() - 1];
        let value = crate::output::go_string::unquote(inner, quote)
            .ok_or_else(|| fault(format!("unquote string {text} error invalid syntax")))?;
        Ok(Step::Literal(value.into()))
    }

    fn index(&mut self, steps: &mut Vec<Step>) -> Result<(), Error> {
        let start = self.at + 1;
        loop {
            match self.next() {
                None | Some('\n') => return Err(fault("unterminated array")),
                Some(']') => break,
                Some(_) => {}
            }
        }
        let inner = &self.text[start..self.at - 1];
        if inner.contains(',') {
            let parts = inner.split(',').map(|part| {
                let part = part.trim_matches(' ');
                nested(&format!("[{part}]"), self.depth + 1)
            });
            steps.push(Step::Union(parts.collect::<Result<_, _>>()?));
        } else if let Some(key) = dictionary_key(inner) {
            steps.extend(nested(&format!(".{key}"), self.depth + 1)?);
        } else {
            let text = if inner == "*" { ":" } else { inner };
            let step = slice(text).ok_or_else(|| fault(format!("invalid array index {text}")))?;
            steps.push(step);
        }
        Ok(())
    }

    /// What follows `[?(`. One pair of quotes may hide a closing parenthesis.
    fn filter(&mut self) -> Result<Step, Error> {
        let start = self.at;
        let (mut quote, mut closed) = (None, false);
        loop {
            match self.next() {
                None | Some('\n') => return Err(fault("unterminated filter")),
                Some(c @ ('"' | '\'')) => match quote {
                    None => quote = Some(c),
                    Some(open) if c == open && self.text.as_bytes()[self.at - 2] != b'\\' => {
                        closed = true;
                    }
                    Some(_) => {}
                },
                Some(')') if quote.is_some() == closed => break,
                Some(_) => {}
            }
        }
        let text = &self.text[start..self.at - 1];
        if self.next() != Some(']') {
            return Err(fault("unclosed array expect ]"));
        }
        self.comparison(text)
    }

    fn comparison(&self, text: &str) -> Result<Step, Error> {
        let is_operator = |c: char| matches!(c, '!' | '<' | '>' | '=');
        let depth = self.depth + 1;
        let at = text.find(is_operator).filter(|at| *at > 0);
        let parts = at.map(|at| {
            let rest = &text[at..];
            let mut length = rest.find(|c| !is_operator(c)).unwrap_or(rest.len());
            if length == rest.len() {
                // The operator leaves its last character to the right side, if it can.
                length -= 1;
            }
            (&text[..at], rest.split_at(length))
        });
        let filter = match parts {
            Some((left, (operator, right))) if !operator.is_empty() => Filter {
                left: nested(left, depth)?,
                right: Some((operator.to_owned(), nested(right, depth)?)),
            },
            _ => Filter {
                left: nested(text, depth)?,
                right: None,
            },
        };
        Ok(Step::Filter(Box::new(filter)))
    }
}

fn ends_name(c: char) -> bool {
    matches!(
        c,
        ' ' | '\t' | '\r' | '\n' | '.' | ',' | '[' | ']' | '$' | '@' | '{' | '}'
    )
}

/// `'key'`
fn dictionary_key(text: &str) -> Option<&str> {
    let key = text.strip_prefix('\'')?.strip_suffix('\'')?;
    (!key.contains('\'')).then_some(key)
}

/// `start`, `start:end`, `start:end:step`, each part possibly empty.
fn slice(text: &str) -> Option<Step> {
    let parts: Vec<&str> = text.split(':').collect();
    if parts.len() > 3 {
        return None;
    }
    let mut bounds = [None; 3];
    for (bound, part) in bounds.iter_mut().zip(&parts) {
        let digits = part.strip_prefix('-').unwrap_or(part);
        if !digits.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        if !part.is_empty() {
            *bound = Some(part.parse().ok()?);
        }
    }
    if parts.len() > 1 {
        return Some(Step::Slice(bounds, SliceEnd::Given));
    }
    // `[]` reads as the first element.
    bounds[1] = Some(bounds[0].unwrap_or(0).checked_add(1)?);
    Some(Step::Slice(bounds, SliceEnd::Derived))
}
