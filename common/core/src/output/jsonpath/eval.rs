//! Runs the steps of a parsed template on a value.

use std::sync::LazyLock;

use serde_json::Value;

use super::compare::compare;
use super::{Error, Filter, SliceEnd, Step};
use crate::output::go;

type Found<'a> = Vec<&'a Value>;

/// `..` goes at most this deep; JSON that was parsed is not deeper.
const DEEPEST: usize = 256;

static NULL: Value = Value::Null;

fn fault(message: impl Into<String>) -> Error {
    Error::Execute(message.into())
}

pub(super) fn run<'a>(
    actions: &'a [Vec<Step>],
    data: &'a Value,
    strict: bool,
) -> Result<Vec<Found<'a>>, Error> {
    let mut runner = Runner {
        actions,
        strict,
        out: Vec::new(),
    };
    runner.block(0, data, Mode::Top)?;
    Ok(runner.out)
}

/// What surrounds a block of actions.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Top,
    Range,
    /// A range over nothing: its actions run for their errors and to find its end, printing nothing.
    Skipped,
}

struct Runner<'a> {
    actions: &'a [Vec<Step>],
    strict: bool,
    out: Vec<Found<'a>>,
}

impl<'a> Runner<'a> {
    /// Runs actions from `at` to the `end` of the block, and answers where that is.
    fn block(&mut self, mut at: usize, data: &'a Value, mode: Mode) -> Result<usize, Error> {
        while let Some(steps) = self.actions.get(at) {
            let action = Action {
                strict: self.strict,
                in_range: mode != Mode::Top,
            };
            match action.run(steps, vec![data])? {
                (Flow::End, _) => return Ok(at),
                (Flow::Range, over) => {
                    at = self.range(at + 1, &over, mode)?;
                }
                (Flow::Next, _) if mode == Mode::Skipped => {}
                (Flow::Next, found) => self.out.push(found),
            }
            at += 1;
        }
        Ok(at)
    }

    fn range(&mut self, at: usize, over: &[&'a Value], mode: Mode) -> Result<usize, Error> {
        let inner = if mode == Mode::Skipped {
            mode
        } else {
            Mode::Range
        };
        let mut end = None;
        for value in over {
            end = Some(self.block(at, value, inner)?);
        }
        match end {
            Some(end) => Ok(end),
            None => self.block(at, &NULL, Mode::Skipped),
        }
    }
}

/// What an action asks for beside its values.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Flow {
    Next,
    Range,
    End,
}

#[derive(Clone, Copy)]
struct Action {
    strict: bool,
    in_range: bool,
}

impl Action {
    fn run<'a>(self, steps: &'a [Step], input: Found<'a>) -> Result<(Flow, Found<'a>), Error> {
        let (mut flow, mut found) = (Flow::Next, input);
        for step in steps {
            match step {
                Step::Word(word) if word == "range" => flow = Flow::Range,
                Step::Word(word) if word == "end" && self.in_range => flow = Flow::End,
                Step::Word(word) if word == "end" => {
                    return Err(fault("not in range, nothing to end"));
                }
                Step::Word(word) => return Err(fault(format!("unrecognized identifier {word}"))),
                step => found = self.step(step, found)?,
            }
        }
        Ok((flow, found))
    }

    fn values<'a>(self, steps: &'a [Step], input: Found<'a>) -> Result<Found<'a>, Error> {
        Ok(self.run(steps, input)?.1)
    }

    fn step<'a>(self, step: &'a Step, input: Found<'a>) -> Result<Found<'a>, Error> {
        match step {
            Step::Literal(text @ Value::String(_)) => Ok(vec![text]),
            Step::Literal(value) => Ok(vec![value; input.len()]),
            Step::Field(name) => self.field(name, &input),
            Step::Wildcard => Ok(input.into_iter().flat_map(children).collect()),
            Step::Recursive => {
                let mut found = Vec::new();
                for value in input {
                    descend(value, &mut found, 0);
                }
                Ok(found)
            }
            Step::Slice(bounds, end) => slices(&input, *bounds, *end),
            Step::Union(parts) => {
                let mut found = Vec::new();
                for part in parts {
                    found.extend(self.values(part, input.clone())?);
                }
                Ok(found)
            }
            Step::Filter(filter) => self.filter(filter, &input),
            Step::Word(word) => Err(fault(format!("unrecognized identifier {word}"))),
        }
    }

    fn field<'a>(self, name: &str, input: &[&'a Value]) -> Result<Found<'a>, Error> {
        let found: Found<'a> = input
            .iter()
            .filter_map(|value| value.as_object()?.get(name))
            .collect();
        if found.is_empty() && self.strict {
            return Err(fault(format!("{name} is not found")));
        }
        Ok(found)
    }

    fn filter<'a>(self, filter: &'a Filter, input: &[&'a Value]) -> Result<Found<'a>, Error> {
        let mut found = Vec::new();
        for value in input {
            let Value::Array(items) = value else {
                let kind = go::type_name(value);
                return Err(fault(format!(
                    "{kind} is not array or slice and cannot be filtered"
                )));
            };
            for item in items {
                if self.passes(filter, item)? {
                    found.push(item);
                }
            }
        }
        Ok(found)
    }

    fn passes<'a>(self, filter: &'a Filter, item: &'a Value) -> Result<bool, Error> {
        let left = self.values(&filter.left, vec![item]);
        let Some((operator, right)) = &filter.right else {
            // Existence is asked of what can be reached, so a wrong path is simply not there.
            return Ok(left.is_ok_and(|found| !found.is_empty()));
        };
        let (Some(left), Some(right)) = (one(&left?)?, one(&self.values(right, vec![item])?)?)
        else {
            return Ok(false);
        };
        compare(left, operator, right).map_err(fault)
    }
}

fn one<'a>(found: &[&'a Value]) -> Result<Option<&'a Value>, Error> {
    match found {
        [] => Ok(None),
        [one] => Ok(Some(one)),
        _ => Err(fault("can only compare one element at a time")),
    }
}

/// Items of a list, values of a map in the order of their keys, bytes of a string.
fn children(value: &Value) -> Found<'_> {
    static BYTES: LazyLock<Vec<Value>> = LazyLock::new(|| (0..=u8::MAX).map(Value::from).collect());
    match value {
        Value::Array(items) => items.iter().collect(),
        Value::Object(fields) => fields.values().collect(),
        Value::String(text) => text.bytes().map(|byte| &BYTES[usize::from(byte)]).collect(),
        _ => Vec::new(),
    }
}

/// The value itself where it has children, then what is below it.
fn descend<'a>(value: &'a Value, found: &mut Found<'a>, depth: usize) {
    if value.as_str().is_some_and(|text| !text.is_empty()) {
        return found.push(value);
    }
    let below = children(value);
    if below.is_empty() || depth > DEEPEST {
        return;
    }
    found.push(value);
    for child in below {
        descend(child, found, depth + 1);
    }
}

fn slices<'a>(
    input: &[&'a Value],
    bounds: [Option<i64>; 3],
    end: SliceEnd,
) -> Result<Found<'a>, Error> {
    let mut found = Vec::new();
    for value in input.iter().filter(|value| !value.is_null()) {
        let Value::Array(items) = value else {
            return Err(fault(format!(
                "{} is not array or slice",
                go::type_name(value)
            )));
        };
        let Some((first, last)) = range_of(items.len(), bounds, end)? else {
            // An empty slice ends the whole step, as it does in kubectl.
            return Ok(found);
        };
        let every = usize::try_from(bounds[2].unwrap_or(1))
            .ok()
            .filter(|every| *every > 0);
        let every = every.ok_or_else(|| fault("step must be > 0"))?;
        found.extend(items[first..last].iter().step_by(every));
    }
    Ok(found)
}

/// Real bounds for a list of this length; nothing for an empty slice.
fn range_of(
    length: usize,
    [first, last, _]: [Option<i64>; 3],
    end: SliceEnd,
) -> Result<Option<(usize, usize)>, Error> {
    let count = i64::try_from(length).unwrap_or(i64::MAX);
    let from_end = |at: i64| if at < 0 { at.saturating_add(count) } else { at };
    let start = from_end(first.unwrap_or(0));
    let end_at = match last {
        Some(0) if end == SliceEnd::Derived => count,
        Some(last) => from_end(last),
        None => count,
    };
    if start == end_at {
        return Ok(None);
    }
    let outside = |index: i64| {
        fault(format!(
            "array index out of bounds: index {index}, length {length}"
        ))
    };
    if start >= count || start < 0 {
        return Err(outside(start));
    }
    if end_at > count || end_at < 0 {
        return Err(outside(end_at.saturating_sub(1)));
    }
    if start > end_at {
        return Err(fault(format!(
            "starting index {start} is greater than ending index {end_at}"
        )));
    }
    let index = |at: i64| usize::try_from(at).unwrap_or_default();
    Ok(Some((index(start), index(end_at))))
}
