//! From pieces to a tree.

use std::collections::BTreeMap;

use serde_json::{Number, Value};

use super::lex::{Piece, Token, pieces};
use super::{Fault, funcs};

/// Blocks or parentheses inside each other; more than anyone writes, less than a stack holds.
const DEEPEST: usize = 100;

#[derive(Debug, Clone)]
pub(super) enum Node {
    Text(String),
    Print(Pipeline),
    If(Branch),
    With(Branch),
    Range(Branch),
    Template(usize, String, Option<Pipeline>),
    Break,
    Continue,
}

#[derive(Debug, Clone)]
pub(super) struct Branch {
    pub(super) pipe: Pipeline,
    pub(super) body: Vec<Node>,
    pub(super) otherwise: Vec<Node>,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Pipeline {
    pub(super) variables: Vec<String>,
    pub(super) declares: bool,
    pub(super) commands: Vec<Vec<Term>>,
}

/// One word of a command and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Term {
    pub(super) at: usize,
    pub(super) kind: TermKind,
}

#[derive(Debug, Clone)]
pub(super) enum TermKind {
    Dot,
    Nil,
    /// `.a.b`
    Field(Vec<String>),
    /// `$x.a.b`
    Variable(String, Vec<String>),
    Function(&'static funcs::Function),
    Constant(Value),
    /// `(pipeline).a.b`
    Nested(Box<Pipeline>, Vec<String>),
}

pub(super) fn parse(text: &str) -> Result<BTreeMap<String, Vec<Node>>, Fault> {
    let pieces = pieces(text)?;
    let mut parser = Parser {
        pieces: pieces.into_iter(),
        bodies: BTreeMap::new(),
        variables: vec![String::new()],
        ranges: 0,
        depth: 0,
        end: text.len(),
    };
    let (body, ending) = parser.nodes()?;
    if let Some((at, ending)) = ending {
        return Err(Fault::new(
            at,
            format!("unexpected {{{{{}}}}}", ending.word()),
        ));
    }
    parser.bodies.insert(String::new(), body);
    Ok(parser.bodies)
}

/// What closes or splits a block; `else` keeps what follows it.
enum Ending {
    End,
    Else(Tokens),
}

impl Ending {
    fn word(&self) -> &'static str {
        match self {
            Self::End => "end",
            Self::Else(_) => "else",
        }
    }
}

struct Parser {
    pieces: std::vec::IntoIter<Piece>,
    bodies: BTreeMap<String, Vec<Node>>,
    variables: Vec<String>,
    ranges: usize,
    depth: usize,
    end: usize,
}

type Ended = Option<(usize, Ending)>;

impl Parser {
    fn nodes(&mut self) -> Result<(Vec<Node>, Ended), Fault> {
        let mut nodes = Vec::new();
        while let Some(piece) = self.pieces.next() {
            match piece {
                Piece::Text(text) => nodes.push(Node::Text(text)),
                Piece::Action(at, tokens) => {
                    let mut tokens = Tokens {
                        tokens: tokens.into(),
                        at,
                    };
                    tokens.space();
                    if let Some(ending) = self.action(&mut tokens, &mut nodes)? {
                        return Ok((nodes, Some((at, ending))));
                    }
                }
            }
        }
        Ok((nodes, None))
    }

    fn action(
        &mut self,
        tokens: &mut Tokens,
        nodes: &mut Vec<Node>,
    ) -> Result<Option<Ending>, Fault> {
        let Some(Token::Word(word)) = tokens.peek().cloned() else {
            nodes.push(Node::Print(self.pipeline(tokens, 1)?));
            return Ok(None);
        };
        if !matches!(
            word.as_str(),
            "if" | "with"
                | "range"
                | "define"
                | "block"
                | "template"
                | "break"
                | "continue"
                | "end"
                | "else"
        ) {
            nodes.push(Node::Print(self.pipeline(tokens, 1)?));
            return Ok(None);
        }
        tokens.next();
        tokens.space();
        match word.as_str() {
            "if" => nodes.push(Node::If(self.branch(tokens, "if")?)),
            "with" => nodes.push(Node::With(self.branch(tokens, "with")?)),
            "range" => nodes.push(Node::Range(self.branch(tokens, "range")?)),
            "define" => self.define(tokens)?,
            "block" => nodes.push(self.block(tokens)?),
            "template" => nodes.push(self.template(tokens)?),
            "break" | "continue" => nodes.push(self.jump(tokens, &word)?),
            "end" => return tokens.finish("end").map(|()| Some(Ending::End)),
            _ => return Ok(Some(Ending::Else(std::mem::take(tokens)))),
        }
        Ok(None)
    }

    fn jump(&self, tokens: &mut Tokens, word: &str) -> Result<Node, Fault> {
        if self.ranges == 0 {
            return tokens.fault(format!("{{{{{word}}}}} outside {{{{range}}}}"));
        }
        tokens.finish(word)?;
        Ok(if word == "break" {
            Node::Break
        } else {
            Node::Continue
        })
    }

    fn deeper<T>(
        &mut self,
        tokens: &Tokens,
        parse: impl FnOnce(&mut Self) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        if self.depth >= DEEPEST {
            return tokens.fault("nested too deep");
        }
        self.depth += 1;
        let result = parse(self);
        self.depth -= 1;
        result
    }

    /// `if`, `with` or `range` after its word.
    fn branch(&mut self, tokens: &mut Tokens, word: &str) -> Result<Branch, Fault> {
        let at = tokens.at;
        let scope = self.variables.len();
        let pipe = self.pipeline(tokens, if word == "range" { 2 } else { 1 })?;
        let looping = usize::from(word == "range");
        self.ranges += looping;
        let (body, ended) = self.deeper(tokens, Self::nodes)?;
        self.ranges -= looping;
        let otherwise = match ended {
            None => {
                return Err(Fault::new(
                    self.end,
                    format!("{{{{{word}}}}} has no {{{{end}}}}"),
                ));
            }
            Some((_, Ending::End)) => Vec::new(),
            Some((_, Ending::Else(mut rest))) => self.otherwise(&mut rest, word, at)?,
        };
        self.variables.truncate(scope);
        Ok(Branch {
            pipe,
            body,
            otherwise,
        })
    }

    /// What follows `else`: nothing, or another `if` or `with` that shares the end.
    fn otherwise(&mut self, rest: &mut Tokens, word: &str, at: usize) -> Result<Vec<Node>, Fault> {
        if let Some(Token::Word(again)) = rest.peek().cloned() {
            if again != word || word == "range" {
                return rest.fault(format!("unexpected `{again}` after {{{{else}}}}"));
            }
            rest.next();
            rest.space();
            let branch = self.deeper(
                &Tokens {
                    at,
                    ..Tokens::default()
                },
                |parser| parser.branch(rest, word),
            )?;
            return Ok(vec![if word == "if" {
                Node::If(branch)
            } else {
                Node::With(branch)
            }]);
        }
        rest.finish("else")?;
        let (nodes, ended) = self.deeper(rest, Self::nodes)?;
        match ended {
            Some((_, Ending::End)) => Ok(nodes),
            Some((at, Ending::Else(_))) => Err(Fault::new(at, "a second {{else}}")),
            None => Err(Fault::new(
                self.end,
                format!("{{{{{word}}}}} has no {{{{end}}}}"),
            )),
        }
    }

    /// The body of a named template: variables and loops outside do not reach into it.
    fn named(&mut self, tokens: &Tokens, name: String) -> Result<(), Fault> {
        let outer = std::mem::replace(&mut self.variables, vec![String::new()]);
        let ranges = std::mem::take(&mut self.ranges);
        let (nodes, ended) = self.deeper(tokens, Self::nodes)?;
        if !matches!(ended, Some((_, Ending::End))) {
            return Err(Fault::new(
                self.end,
                format!("template `{name}` has no {{{{end}}}}"),
            ));
        }
        self.variables = outer;
        self.ranges = ranges;
        self.bodies.insert(name, nodes);
        Ok(())
    }

    fn define(&mut self, tokens: &mut Tokens) -> Result<(), Fault> {
        let name = tokens.name("define")?;
        tokens.finish("define")?;
        self.named(tokens, name)
    }

    fn block(&mut self, tokens: &mut Tokens) -> Result<Node, Fault> {
        let at = tokens.at;
        let name = tokens.name("block")?;
        let pipe = self.pipeline(tokens, 1)?;
        self.named(tokens, name.clone())?;
        Ok(Node::Template(at, name, Some(pipe)))
    }

    fn template(&mut self, tokens: &mut Tokens) -> Result<Node, Fault> {
        let at = tokens.at;
        let name = tokens.name("template")?;
        tokens.space();
        let pipe = if tokens.peek().is_none() {
            None
        } else {
            Some(self.pipeline(tokens, 1)?)
        };
        Ok(Node::Template(at, name, pipe))
    }

    /// A pipeline up to the end of the action.
    fn pipeline(&mut self, tokens: &mut Tokens, variables: usize) -> Result<Pipeline, Fault> {
        let pipe = self.pipe(tokens, variables)?;
        match tokens.peek() {
            None => Ok(pipe),
            Some(_) => tokens.fault("unexpected token"),
        }
    }

    /// A pipeline up to the end of the action or a closing parenthesis.
    fn pipe(&mut self, tokens: &mut Tokens, most: usize) -> Result<Pipeline, Fault> {
        tokens.space();
        let (variables, declares) = self.assignment(tokens, most)?;
        let mut pipe = Pipeline {
            variables,
            declares,
            commands: Vec::new(),
        };
        loop {
            let command = self.command(tokens)?;
            let constant = matches!(
                command[0].kind,
                TermKind::Constant(_) | TermKind::Dot | TermKind::Nil
            );
            if !pipe.commands.is_empty() && constant {
                return Err(Fault::new(
                    command[0].at,
                    format!(
                        "non executable command in pipeline stage {}",
                        pipe.commands.len() + 1
                    ),
                ));
            }
            pipe.commands.push(command);
            if tokens.peek() != Some(&Token::Pipe) {
                break;
            }
            tokens.next();
        }
        self.variables
            .extend(pipe.variables.iter().filter(|_| declares).cloned());
        Ok(pipe)
    }

    /// `$x :=`, `$x =` or, in a range, `$i, $x :=`.
    fn assignment(
        &mut self,
        tokens: &mut Tokens,
        most: usize,
    ) -> Result<(Vec<String>, bool), Fault> {
        let mut ahead = tokens
            .tokens
            .iter()
            .filter(|(_, token)| *token != Token::Space);
        let mut names = Vec::new();
        let operator = loop {
            match ahead.next() {
                Some((_, Token::Variable(name))) if !name.is_empty() => names.push(name.clone()),
                _ => return Ok((Vec::new(), false)),
            }
            match ahead.next() {
                Some((_, Token::Comma)) if names.len() < most => {}
                Some((_, operator @ (Token::Declare | Token::Assign))) => break operator.clone(),
                Some((at, Token::Comma)) => return Err(Fault::new(*at, "too many declarations")),
                _ => return Ok((Vec::new(), false)),
            }
        };
        let declares = operator == Token::Declare;
        if let Some(name) = names
            .iter()
            .find(|name| !declares && !self.variables.contains(name))
        {
            return tokens.fault(format!("undefined variable \"${name}\""));
        }
        while tokens.next().is_some_and(|(_, token)| token != operator) {}
        Ok((names, declares))
    }

    fn command(&mut self, tokens: &mut Tokens) -> Result<Vec<Term>, Fault> {
        let mut terms = Vec::new();
        loop {
            tokens.space();
            match tokens.peek() {
                None | Some(Token::Pipe | Token::Close) if terms.is_empty() => {
                    return tokens.fault("missing value for command");
                }
                None | Some(Token::Pipe | Token::Close) => return Ok(terms),
                Some(_) => terms.push(self.term(tokens)?),
            }
            if !matches!(
                tokens.peek(),
                None | Some(Token::Space | Token::Pipe | Token::Close)
            ) {
                return tokens.fault("unexpected token in operand");
            }
        }
    }

    fn term(&mut self, tokens: &mut Tokens) -> Result<Term, Fault> {
        let Some((mut at, token)) = tokens.next() else {
            return tokens.fault("missing value for command");
        };
        let mut kind = self.operand(at, token, tokens)?;
        // The place of a chain is that of its second part, as in Go.
        let (second, chain) = tokens.chain();
        at = second.unwrap_or(at);
        match &mut kind {
            _ if chain.is_empty() => {}
            TermKind::Field(path) | TermKind::Variable(_, path) | TermKind::Nested(_, path) => {
                path.extend(chain);
            }

            TermKind::Dot => kind = TermKind::Field(chain),
            _ => return Err(Fault::new(at, "unexpected . after term")),
        }
        Ok(Term { at, kind })
    }

    fn operand(&mut self, at: usize, token: Token, tokens: &mut Tokens) -> Result<TermKind, Fault> {
        let fault = |message: String| Err(Fault::new(at, message));
        Ok(match token {
            Token::Dot => TermKind::Dot,
            Token::Field(name) => TermKind::Field(vec![name]),
            Token::Variable(name) if self.variables.contains(&name) => {
                TermKind::Variable(name, Vec::new())
            }
            Token::Variable(name) => return fault(format!("undefined variable \"${name}\"")),
            Token::Text(text) => TermKind::Constant(text.into()),
            Token::Char(code) => TermKind::Constant(code.into()),
            Token::Number(text) => match number(&text) {
                Some(number) => TermKind::Constant(Value::Number(number)),
                None => return fault(format!("bad number syntax: \"{text}\"")),
            },
            Token::Word(word) => match word.as_str() {
                "true" => TermKind::Constant(true.into()),
                "false" => TermKind::Constant(false.into()),
                "nil" => TermKind::Nil,
                name => match funcs::find(name) {
                    Some(function) => TermKind::Function(function),
                    None => return fault(format!("function \"{name}\" not defined")),
                },
            },
            Token::Open => {
                let pipe = self.deeper(
                    &Tokens {
                        at,
                        ..Tokens::default()
                    },
                    |parser| parser.pipe(tokens, 1),
                )?;
                match tokens.next() {
                    Some((_, Token::Close)) => TermKind::Nested(Box::new(pipe), Vec::new()),
                    _ => return fault("unclosed left paren".to_owned()),
                }
            }
            _ => return fault("unexpected token".to_owned()),
        })
    }
}

#[derive(Default)]
struct Tokens {
    tokens: std::collections::VecDeque<(usize, Token)>,
    /// Where the action, or the last token taken, stands.
    at: usize,
}

impl Tokens {
    fn peek(&self) -> Option<&Token> {
        self.tokens.front().map(|(_, token)| token)
    }

    fn next(&mut self) -> Option<(usize, Token)> {
        let token = self.tokens.pop_front()?;
        self.at = token.0;
        Some(token)
    }

    fn space(&mut self) {
        if self.peek() == Some(&Token::Space) {
            self.tokens.pop_front();
        }
    }

    fn fault<T>(&self, message: impl Into<String>) -> Result<T, Fault> {
        Err(Fault::new(self.at, message))
    }

    fn finish(&mut self, word: &str) -> Result<(), Fault> {
        self.space();
        match self.peek() {
            None => Ok(()),
            Some(_) => self.fault(format!("unexpected token after {word}")),
        }
    }

    fn name(&mut self, word: &str) -> Result<String, Fault> {
        match self.next() {
            Some((_, Token::Text(name))) => Ok(name),
            _ => self.fault(format!("{word} wants a name in quotes")),
        }
    }

    /// Fields that follow without a blank, and where the first of them stands.
    fn chain(&mut self) -> (Option<usize>, Vec<String>) {
        let (mut first, mut names) = (None, Vec::new());
        while let Some((at, Token::Field(name))) = self.tokens.front() {
            first = first.or(Some(*at));
            names.push(name.clone());
            self.tokens.pop_front();
        }
        (first, names)
    }
}

/// Go's number literals: `7`, `0x1F`, `0b1`, `0o17`, `017`, `1_000`, `1.5e3`.
fn number(text: &str) -> Option<Number> {
    let digits = text.trim_start_matches(['+', '-']);
    if text.len() > digits.len() + 1 {
        return None;
    }
    let plain = digits.replace('_', "").to_ascii_lowercase();
    let radix = |prefix: &str| plain.strip_prefix(prefix).filter(|rest| !rest.is_empty());
    let integer = if let Some(rest) = radix("0x") {
        i128::from_str_radix(rest, 16).ok()
    } else if let Some(rest) = radix("0b") {
        i128::from_str_radix(rest, 2).ok()
    } else if let Some(rest) = radix("0o") {
        i128::from_str_radix(rest, 8).ok()
    } else if plain.len() > 1 && plain.starts_with('0') && plain.bytes().all(|b| b.is_ascii_digit())
    {
        i128::from_str_radix(&plain, 8).ok()
    } else if plain.bytes().all(|b| b.is_ascii_digit()) {
        plain.parse().ok()
    } else {
        let starts = plain.starts_with(|c: char| c.is_ascii_digit() || c == '.');
        let value: f64 = plain.parse().ok().filter(|_| starts)?;
        return Number::from_f64(if text.starts_with('-') { -value } else { value });
    };
    let integer = integer.map(|value| if text.starts_with('-') { -value } else { value })?;
    i64::try_from(integer).ok().map(Number::from)
}
