//! Lexer and parser of label selectors.
//!
//! ```text
//! selector    := [requirement ("," requirement)*]
//! requirement := key | "!" key | key op value | key ("in" | "notin") "(" [value ("," value)*] ")"
//! op          := "=" | "==" | "!=" | ">" | "<"
//! ```
//! `in` and `notin` are words only where an operator may stand; elsewhere they are ordinary keys and values.

use std::collections::BTreeSet;

use super::words::{key_fault, value_fault};
use super::{Operator, Requirement, SelectorError};

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Word(String),
    Not,
    Equals,
    DoubleEquals,
    NotEquals,
    Greater,
    Less,
    Comma,
    Open,
    Close,
    End,
}

impl Token {
    fn text(&self) -> &str {
        match self {
            Self::Word(word) => word,
            Self::Not => "!",
            Self::Equals => "=",
            Self::DoubleEquals => "==",
            Self::NotEquals => "!=",
            Self::Greater => ">",
            Self::Less => "<",
            Self::Comma => ",",
            Self::Open => "(",
            Self::Close => ")",
            Self::End => "",
        }
    }
}

const SYMBOLS: &[char] = &['=', '!', '(', ')', ',', '>', '<'];

fn tokens(text: &str) -> Vec<Token> {
    let mut out = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, length) = match first {
            '=' if rest.starts_with("==") => (Token::DoubleEquals, 2),
            '=' => (Token::Equals, 1),
            '!' if rest.starts_with("!=") => (Token::NotEquals, 2),
            '!' => (Token::Not, 1),
            '(' => (Token::Open, 1),
            ')' => (Token::Close, 1),
            ',' => (Token::Comma, 1),
            '>' => (Token::Greater, 1),
            '<' => (Token::Less, 1),
            _ => {
                let end = rest
                    .find(|c: char| c.is_whitespace() || SYMBOLS.contains(&c))
                    .unwrap_or(rest.len());
                (Token::Word(rest[..end].to_owned()), end)
            }
        };
        out.push(token);
        rest = rest[length..].trim_start();
    }
    out
}

struct Parser {
    tokens: std::iter::Peekable<std::vec::IntoIter<Token>>,
}

impl Parser {
    fn peek(&mut self) -> &Token {
        self.tokens.peek().unwrap_or(&Token::End)
    }

    fn next(&mut self) -> Token {
        self.tokens.next().unwrap_or(Token::End)
    }
}

pub(super) fn parse(text: &str) -> Result<Vec<Requirement>, SelectorError> {
    let mut parser = Parser {
        tokens: tokens(text).into_iter().peekable(),
    };
    let mut requirements = Vec::new();
    loop {
        match parser.peek() {
            Token::Word(_) | Token::Not => requirements.push(parse_requirement(&mut parser)?),
            Token::End => return Ok(requirements),
            other => {
                return Err(found(
                    other,
                    ", expected: !, identifier, or 'end of string'",
                ));
            }
        }
        match parser.next() {
            Token::End => return Ok(requirements),
            Token::Comma => match parser.peek() {
                Token::Word(_) | Token::Not => {}
                other => return Err(found(other, ", expected: identifier after ','")),
            },
            other => return Err(found(&other, ", expected: ',' or 'end of string'")),
        }
    }
}

fn found(token: &Token, expected: &str) -> SelectorError {
    SelectorError(format!("found '{}'{expected}", token.text()))
}

fn in_requirement(error: &SelectorError) -> SelectorError {
    SelectorError(format!("unable to parse requirement: {}", error.0))
}

fn parse_requirement(parser: &mut Parser) -> Result<Requirement, SelectorError> {
    let negated = *parser.peek() == Token::Not;
    if negated {
        parser.next();
    }
    let key = match parser.next() {
        Token::Word(key) => key,
        other => return Err(in_requirement(&found(&other, ", expected: identifier"))),
    };
    good_key(&key)?;
    if negated {
        return requirement(key, Operator::DoesNotExist, BTreeSet::new());
    }
    if matches!(parser.peek(), Token::End | Token::Comma) {
        return requirement(key, Operator::Exists, BTreeSet::new());
    }
    let operator = parse_operator(parser).map_err(|error| in_requirement(&error))?;
    let values = match operator {
        Operator::In | Operator::NotIn => parse_values(parser),
        _ => parse_value(parser),
    };
    requirement(
        key,
        operator,
        values.map_err(|error| in_requirement(&error))?,
    )
}

fn parse_operator(parser: &mut Parser) -> Result<Operator, SelectorError> {
    match parser.next() {
        Token::Word(word) if word == "in" => Ok(Operator::In),
        Token::Word(word) if word == "notin" => Ok(Operator::NotIn),
        Token::Equals => Ok(Operator::Equals),
        Token::DoubleEquals => Ok(Operator::DoubleEquals),
        Token::NotEquals => Ok(Operator::NotEquals),
        Token::Greater => Ok(Operator::GreaterThan),
        Token::Less => Ok(Operator::LessThan),
        other => Err(found(&other, ", expected: in, notin, =, ==, !=, gt, lt")),
    }
}

fn parse_values(parser: &mut Parser) -> Result<BTreeSet<String>, SelectorError> {
    match parser.next() {
        Token::Open => {}
        other => return Err(found(&other, " expected: '('")),
    }
    let mut values = BTreeSet::new();
    loop {
        // Between two commas, and before or after the only one, stands the empty value.
        match parser.peek() {
            Token::Word(_) => {
                values.insert(parser.next().text().to_owned());
            }
            Token::Comma | Token::Close => {
                values.insert(String::new());
            }
            other => return Err(found(other, ", expected: ',', ')' or identifier")),
        }
        match parser.next() {
            Token::Comma => {}
            Token::Close => return Ok(values),
            other => return Err(found(&other, ", expected: ',' or ')'")),
        }
    }
}

fn parse_value(parser: &mut Parser) -> Result<BTreeSet<String>, SelectorError> {
    let value = match parser.peek() {
        Token::End | Token::Comma => String::new(),
        _ => match parser.next() {
            Token::Word(value) => value,
            other => return Err(found(&other, ", expected: identifier")),
        },
    };
    Ok(BTreeSet::from([value]))
}

pub(super) fn requirement(
    key: String,
    operator: Operator,
    values: BTreeSet<String>,
) -> Result<Requirement, SelectorError> {
    good_key(&key)?;
    if matches!(operator, Operator::GreaterThan | Operator::LessThan) {
        let integer = |value: &&String| value.parse::<i64>().is_err();
        if let Some(value) = values.iter().find(integer) {
            let reason = "for 'Gt', 'Lt' operators, the value must be an integer";
            return Err(in_requirement(&invalid("values[0]", value, reason)));
        }
    }
    for (index, value) in values.iter().enumerate() {
        if let Some(reason) = value_fault(value) {
            let place = format!("values[{index}][{key}]");
            return Err(in_requirement(&invalid(&place, value, &reason)));
        }
    }
    Ok(Requirement {
        key,
        operator,
        values,
    })
}

fn good_key(key: &str) -> Result<(), SelectorError> {
    match key_fault(key) {
        Some(reason) => Err(in_requirement(&invalid("<nil>", key, &reason))),
        None => Ok(()),
    }
}

fn invalid(place: &str, value: &str, reason: &str) -> SelectorError {
    let value = value.replace('\\', "\\\\").replace('"', "\\\"");
    SelectorError(format!("{place}: Invalid value: \"{value}\": {reason}"))
}

/// Checks a label key: optional DNS subdomain and `/`, then a name of at most 63 characters.
pub fn check_label_key(key: &str) -> Result<(), String> {
    let (prefix, name) = match key.split_once('/') {
        Some((prefix, name)) => (Some(prefix), name),
        None => (None, key),
    };
    if let Some(prefix) = prefix
        && super::super::names::check_name(prefix, super::super::NameRule::Subdomain).is_err()
    {
        return Err(
            "prefix part must be a lower-case DNS subdomain of at most 253 characters".to_owned(),
        );
    }
    if name.len() > 63 {
        return Err("name part must be no more than 63 characters".to_owned());
    }
    if !is_qualified_word(name) {
        return Err("a qualified name must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character".to_owned());
    }
    Ok(())
}

/// Checks a label value: empty, or at most 63 characters that start and end with a letter or digit.
pub fn check_label_value(value: &str) -> Result<(), String> {
    if value.len() > 63 {
        return Err("must be no more than 63 characters".to_owned());
    }
    if !value.is_empty() && !is_qualified_word(value) {
        return Err("a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character".to_owned());
    }
    Ok(())
}

pub(super) fn is_qualified_word(text: &str) -> bool {
    let bytes = text.as_bytes();
    let ends = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let inner = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    ends(bytes.first()) && ends(bytes.last()) && bytes.iter().all(inner)
}
