//! Runs a parsed template.

use std::collections::BTreeMap;

use serde_json::Value;

use super::parse::{Branch, Node, Pipeline, Term, TermKind};
use super::value::Val;
use super::{Fault, Surroundings, ours};

/// Templates inside templates; more than anyone writes, less than a stack holds.
const DEEPEST: usize = 100;
/// Nodes and loop turns of one run. A template can call itself, so it needs an end.
const MOST_STEPS: usize = 20_000_000;
/// Bytes of one run.
const MOST_BYTES: usize = 1 << 30;

pub(super) fn run(
    bodies: &BTreeMap<String, Vec<Node>>,
    data: &Value,
    strict: bool,
    surroundings: Surroundings,
) -> (String, Result<(), Fault>) {
    let root = Val::borrowed(data);
    let mut exec = Exec {
        bodies,
        strict,
        runtime: ours::Runtime::new(surroundings),
        out: String::new(),
        variables: vec![("", root.clone())],
        depth: 0,
        steps: 0,
    };
    let body = bodies.get("").map_or(&[][..], Vec::as_slice);
    let end = exec.walk(&root, body).map(drop);
    (exec.out, end)
}

/// How a block ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Flow {
    Next,
    Break,
    Continue,
}

struct Exec<'a> {
    bodies: &'a BTreeMap<String, Vec<Node>>,
    strict: bool,
    runtime: ours::Runtime,
    out: String,
    variables: Vec<(&'a str, Val<'a>)>,
    depth: usize,
    steps: usize,
}

type Valued<'a> = Result<Val<'a>, Fault>;

impl<'a> Exec<'a> {
    fn walk(&mut self, dot: &Val<'a>, nodes: &'a [Node]) -> Result<Flow, Fault> {
        for node in nodes {
            self.count()?;
            let flow = match node {
                Node::Text(text) => {
                    self.out.push_str(text);
                    Flow::Next
                }
                Node::Print(pipe) => {
                    let value = self.pipe(dot, pipe)?;
                    if pipe.variables.is_empty() {
                        self.out.push_str(&value.shown());
                    }
                    Flow::Next
                }
                Node::If(branch) => self.scoped(|exec| {
                    let truth = exec.pipe(dot, &branch.pipe)?.truth();
                    exec.walk(
                        dot,
                        if truth {
                            &branch.body
                        } else {
                            &branch.otherwise
                        },
                    )
                })?,
                Node::With(branch) => self.scoped(|exec| {
                    let value = exec.pipe(dot, &branch.pipe)?;
                    if value.truth() {
                        return exec.walk(&value, &branch.body);
                    }
                    exec.walk(dot, &branch.otherwise)
                })?,
                Node::Range(branch) => self.scoped(|exec| exec.range(dot, branch))?,
                Node::Template(at, name, pipe) => {
                    self.template(dot, (*at, name), pipe.as_ref())?;
                    Flow::Next
                }
                Node::Break => Flow::Break,
                Node::Continue => Flow::Continue,
            };
            if flow != Flow::Next {
                return Ok(flow);
            }
        }
        Ok(Flow::Next)
    }

    fn count(&mut self) -> Result<(), Fault> {
        self.steps += 1;
        if self.steps > MOST_STEPS || self.out.len() > MOST_BYTES {
            return Err(Fault::new(0, "the template does not come to an end"));
        }
        Ok(())
    }

    /// Variables declared inside end with the block.
    fn scoped<T>(&mut self, run: impl FnOnce(&mut Self) -> Result<T, Fault>) -> Result<T, Fault> {
        let scope = self.variables.len();
        let result = run(self);
        self.variables.truncate(scope);
        result
    }

    fn template(
        &mut self,
        dot: &Val<'a>,
        (at, name): (usize, &'a str),
        pipe: Option<&'a Pipeline>,
    ) -> Result<(), Fault> {
        let Some(body) = self.bodies.get(name).filter(|_| !name.is_empty()) else {
            return Err(Fault::new(at, format!("template \"{name}\" not defined")));
        };
        if self.depth >= DEEPEST {
            return Err(Fault::new(at, "templates call each other too deep"));
        }
        let dot = match pipe {
            Some(pipe) => self.pipe(dot, pipe)?,
            None => Val::Missing,
        };
        let outer = std::mem::replace(&mut self.variables, vec![("", dot.clone())]);
        self.depth += 1;
        let result = self.walk(&dot, body);
        self.depth -= 1;
        self.variables = outer;
        result.map(drop)
    }

    fn range(&mut self, dot: &Val<'a>, branch: &'a Branch) -> Result<Flow, Fault> {
        // Variables of a range are set for each turn, not from the whole.
        let over = self.commands(dot, &branch.pipe)?;
        let at = branch.pipe.commands[0][0].at;
        let mut turns = 0_usize;
        let count = turns_of(&over, at)?;
        let keys: Option<Vec<String>> = over
            .json()
            .as_object()
            .map(|fields| fields.keys().cloned().collect());
        while turns < count {
            let (key, value) = match &keys {
                Some(keys) => (Val::text(keys[turns].clone()), over.key(&keys[turns])),
                None => (
                    Val::Int(i64::try_from(turns).unwrap_or(i64::MAX)),
                    over.item(turns),
                ),
            };
            let value = value.unwrap_or_else(|| key.clone());
            turns += 1;
            let flow = self.scoped(|exec| {
                exec.count()?;
                exec.set_turn(&branch.pipe, key, &value);
                exec.walk(&value, &branch.body)
            })?;
            if flow == Flow::Break {
                break;
            }
        }
        if count == 0 {
            return self.walk(dot, &branch.otherwise);
        }
        Ok(Flow::Next)
    }

    fn set_turn(&mut self, pipe: &'a Pipeline, key: Val<'a>, value: &Val<'a>) {
        let (first, second) = match pipe.variables.as_slice() {
            [] => return,
            [only] => (None, only),
            [key, value, ..] => (Some(key), value),
        };
        if let Some(name) = first {
            self.set(name, key, pipe.declares);
        }
        self.set(second, value.clone(), pipe.declares);
    }

    fn set(&mut self, name: &'a str, value: Val<'a>, declares: bool) {
        let known = self
            .variables
            .iter_mut()
            .rev()
            .find(|(known, _)| *known == name);
        match known {
            Some((_, old)) if !declares => *old = value,
            _ => self.variables.push((name, value)),
        }
    }

    fn pipe(&mut self, dot: &Val<'a>, pipe: &'a Pipeline) -> Valued<'a> {
        let value = self.commands(dot, pipe)?;
        for name in &pipe.variables {
            self.set(name, value.clone(), pipe.declares);
        }
        Ok(value)
    }

    fn commands(&mut self, dot: &Val<'a>, pipe: &'a Pipeline) -> Valued<'a> {
        let mut last = None;
        for command in &pipe.commands {
            last = Some(self.command(dot, command, last)?);
        }
        Ok(last.unwrap_or(Val::Missing))
    }

    fn command(&mut self, dot: &Val<'a>, terms: &'a [Term], last: Option<Val<'a>>) -> Valued<'a> {
        self.count()?;
        let (first, rest) = terms
            .split_first()
            .ok_or_else(|| Fault::new(0, "empty command"))?;
        if let TermKind::Function(function) = &first.kind {
            return match function.name {
                "and" => self.shortcut(dot, first.at, (rest, last), false),
                "or" => self.shortcut(dot, first.at, (rest, last), true),
                _ => self.call(dot, first, (rest, last)),
            };
        }
        if !rest.is_empty() || last.is_some() {
            let message = match &first.kind {
                TermKind::Field(path) | TermKind::Variable(_, path) | TermKind::Nested(_, path)
                    if !path.is_empty() =>
                {
                    let name = path.last().map_or("", String::as_str);
                    format!("{name} has arguments but cannot be invoked as function")
                }
                _ => "can't give argument to non-function".to_owned(),
            };
            return Err(Fault::new(first.at, message));
        }
        match first.kind {
            TermKind::Nil => Err(Fault::new(first.at, "nil is not a command")),
            _ => self.term(dot, first),
        }
    }

    /// `and` and `or` evaluate only as far as they must, and answer the deciding value.
    fn shortcut(
        &mut self,
        dot: &Val<'a>,
        at: usize,
        (terms, last): (&'a [Term], Option<Val<'a>>),
        stop_at: bool,
    ) -> Valued<'a> {
        let mut value = None;
        for term in terms {
            let next = self.term(dot, term)?;
            if next.truth() == stop_at {
                return Ok(next);
            }
            value = Some(next);
        }
        last.or(value)
            .ok_or_else(|| Fault::new(at, "wrong number of args for and/or: want at least 1 got 0"))
    }

    fn call(
        &mut self,
        dot: &Val<'a>,
        first: &'a Term,
        (terms, last): (&'a [Term], Option<Val<'a>>),
    ) -> Valued<'a> {
        let TermKind::Function(function) = &first.kind else {
            return Err(Fault::new(first.at, "not a function"));
        };
        let mut arguments = Vec::with_capacity(terms.len() + 1);
        for term in terms {
            arguments.push(self.term(dot, term)?);
        }
        arguments.extend(last);
        let given = arguments.len();
        if given < function.least || function.most.is_some_and(|most| given > most) {
            let wanted = if function.most == Some(function.least) {
                ""
            } else {
                "at least "
            };
            let message = format!(
                "wrong number of args for {}: want {wanted}{} got {given}",
                function.name, function.least
            );
            return Err(Fault::new(first.at, message));
        }
        (function.call)(&mut self.runtime, &arguments).map_err(|message| {
            Fault::new(
                first.at,
                format!("error calling {}: {message}", function.name),
            )
        })
    }

    fn term(&mut self, dot: &Val<'a>, term: &'a Term) -> Valued<'a> {
        match &term.kind {
            TermKind::Dot => Ok(dot.clone()),
            TermKind::Nil => Ok(Val::Missing),
            TermKind::Constant(value) => Ok(Val::constant(value)),
            TermKind::Field(path) => self.fields(dot.clone(), path, term.at),
            TermKind::Variable(name, path) => {
                let found = self.variables.iter().rev().find(|(known, _)| known == name);
                let value = found.map_or(Val::Missing, |(_, value)| value.clone());
                self.fields(value, path, term.at)
            }
            TermKind::Nested(pipe, path) => {
                let value = self.pipe(dot, pipe)?;
                self.fields(value, path, term.at)
            }
            TermKind::Function(_) => self.command(dot, std::slice::from_ref(term), None),
        }
    }

    fn fields(&self, mut value: Val<'a>, path: &'a [String], at: usize) -> Valued<'a> {
        for name in path {
            value = match value.key(name) {
                Some(value) => value,
                None => self
                    .absent(&value, name)
                    .map_err(|message| Fault::new(at, message))?,
            };
        }
        Ok(value)
    }

    fn absent(&self, value: &Val<'a>, name: &str) -> Result<Val<'a>, String> {
        match value {
            Val::Missing if self.strict => Err(format!("nil data; no entry for key \"{name}\"")),
            Val::Missing => Ok(Val::Missing),
            Val::Json(json) if json.is_object() && self.strict => {
                Err(format!("map has no entry for key \"{name}\""))
            }
            Val::Json(json) if json.is_object() => Ok(Val::Missing),
            value if value.is_nil() => Err(format!("nil pointer evaluating interface {{}}.{name}")),
            _ => Err(format!(
                "can't evaluate field {name} in type interface {{}}"
            )),
        }
    }
}

fn turns_of(over: &Val<'_>, at: usize) -> Result<usize, Fault> {
    match (over.int(), over.json()) {
        (Some(count), _) => Ok(usize::try_from(count).unwrap_or(0)),
        (_, Value::Array(items)) => Ok(items.len()),
        (_, Value::Object(fields)) => Ok(fields.len()),
        (_, Value::Null) => Ok(0),
        _ => Err(Fault::new(
            at,
            format!("range can't iterate over {}", over.printed()),
        )),
    }
}
