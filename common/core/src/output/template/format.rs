//! Go's `print`, `println` and `printf`. Writing to a String cannot fail.

use std::fmt::Write;

use super::text;
use super::value::Val;
use crate::output::go::{self, GoNumber};
use serde_json::Value;

/// Go refuses wider fields too.
const WIDEST: i64 = 1_000_000;

/// Blanks only between operands of which neither is a string.
pub(super) fn sprint(args: &[Val<'_>]) -> String {
    let mut out = String::new();
    for (at, arg) in args.iter().enumerate() {
        let before = at.checked_sub(1).map(|before| &args[before]);
        if before.is_some_and(|before| before.str().is_none() && arg.str().is_none()) {
            out.push(' ');
        }
        out.push_str(&arg.printed());
    }
    out
}

pub(super) fn sprintln(args: &[Val<'_>]) -> String {
    let words: Vec<String> = args.iter().map(Val::printed).collect();
    words.join(" ") + "\n"
}

#[derive(Default, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
struct Spec {
    minus: bool,
    plus: bool,
    sharp: bool,
    space: bool,
    zero: bool,
    width: Option<usize>,
    precision: Option<usize>,
}

pub(super) fn sprintf(layout: &str, args: &[Val<'_>]) -> String {
    let mut printer = Printer {
        args,
        used: 0,
        out: String::new(),
    };
    let mut rest = layout;
    while let Some(at) = rest.find('%') {
        printer.out.push_str(&rest[..at]);
        rest = printer.directive(&rest[at + 1..]);
    }
    printer.out.push_str(rest);
    printer.extra();
    printer.out
}

struct Printer<'p, 'v> {
    args: &'p [Val<'v>],
    used: usize,
    out: String,
}

impl<'p, 'v> Printer<'p, 'v> {
    fn next(&mut self) -> Option<&'p Val<'v>> {
        let arg = self.args.get(self.used)?;
        self.used += 1;
        Some(arg)
    }

    /// Handles what follows a `%` and answers what follows that.
    fn directive<'t>(&mut self, text: &'t str) -> &'t str {
        let mut spec = Spec::default();
        let flags = text
            .find(|c| !matches!(c, '-' | '+' | '#' | ' ' | '0'))
            .unwrap_or(text.len());
        for flag in text[..flags].bytes() {
            match flag {
                b'-' => spec.minus = true,
                b'+' => spec.plus = true,
                b'#' => spec.sharp = true,
                b' ' => spec.space = true,
                _ => spec.zero = true,
            }
        }
        let mut rest = self.width(&text[flags..], &mut spec);
        if let Some(after) = rest.strip_prefix('.') {
            rest = self.precision(after, &mut spec);
        }
        let Some(verb) = rest.chars().next() else {
            self.out.push_str("%!(NOVERB)");
            return rest;
        };
        let after = &rest[verb.len_utf8()..];
        match (verb, self.args.get(self.used)) {
            ('%', _) => self.out.push('%'),
            (_, None) => {
                let _ = write!(self.out, "%!{verb}(MISSING)");
            }
            (_, Some(arg)) => {
                self.used += 1;
                spec.zero &= !spec.minus;
                self.out.push_str(&formatted(&spec, verb, arg));
            }
        }
        after
    }

    fn width<'t>(&mut self, text: &'t str, spec: &mut Spec) -> &'t str {
        let Some(after) = text.strip_prefix('*') else {
            let (number, rest) = digits(text);
            spec.width = number;
            return rest;
        };
        match self
            .next()
            .and_then(Val::int)
            .filter(|width| width.abs() <= WIDEST)
        {
            Some(width) => {
                spec.minus |= width < 0;
                spec.width = usize::try_from(width.abs()).ok();
            }
            None => self.out.push_str("%!(BADWIDTH)"),
        }
        after
    }

    fn precision<'t>(&mut self, text: &'t str, spec: &mut Spec) -> &'t str {
        let Some(after) = text.strip_prefix('*') else {
            let (number, rest) = digits(text);
            spec.precision = Some(number.unwrap_or(0));
            return rest;
        };
        match self
            .next()
            .and_then(Val::int)
            .filter(|precision| precision.abs() <= WIDEST)
        {
            Some(precision) => spec.precision = usize::try_from(precision).ok(),
            None => self.out.push_str("%!(BADPREC)"),
        }
        after
    }

    fn extra(&mut self) {
        if self.used >= self.args.len() {
            return;
        }
        let shown: Vec<String> = self.args[self.used..]
            .iter()
            .map(|arg| {
                if arg.is_nil() {
                    "<nil>".to_owned()
                } else {
                    format!("{}={}", arg.type_name(), arg.printed())
                }
            })
            .collect();
        let _ = write!(self.out, "%!(EXTRA {})", shown.join(", "));
    }
}

/// A number at the start; one that is too large counts as none.
fn digits(text: &str) -> (Option<usize>, &str) {
    let length = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let number = text[..length]
        .parse()
        .ok()
        .filter(|number: &i64| *number <= WIDEST);
    (
        number.and_then(|number| usize::try_from(number).ok()),
        &text[length..],
    )
}

fn formatted(spec: &Spec, verb: char, arg: &Val<'_>) -> String {
    match verb {
        'T' => return pad(spec, arg.type_name()),
        'v' if spec.sharp && !arg.is_nil() => return pad(spec, &go_syntax(arg)),
        _ => {}
    }
    if let Some(number) = arg.number() {
        return number_text(spec, verb, number).unwrap_or_else(|| wrong(verb, arg));
    }
    match (arg.json(), verb) {
        (Value::Null, 'v') => pad(spec, "<nil>"),
        (Value::Bool(truth), 'v' | 't') => pad(spec, if *truth { "true" } else { "false" }),
        (Value::String(text), _) => {
            string_text(spec, verb, text).unwrap_or_else(|| wrong(verb, arg))
        }
        // Lists and maps apply the verb to what is in them.
        (Value::Array(items), _) => {
            let inner: Vec<String> = items
                .iter()
                .map(|item| formatted(spec, verb, &Val::borrowed(item)))
                .collect();
            format!("[{}]", inner.join(" "))
        }
        (Value::Object(fields), _) => {
            let one = |(key, item): (&String, &Value)| {
                let key = Value::String(key.clone());
                format!(
                    "{}:{}",
                    formatted(spec, verb, &Val::borrowed(&key)),
                    formatted(spec, verb, &Val::borrowed(item))
                )
            };
            format!(
                "map[{}]",
                fields.iter().map(one).collect::<Vec<_>>().join(" ")
            )
        }
        _ => wrong(verb, arg),
    }
}

fn wrong(verb: char, arg: &Val<'_>) -> String {
    if arg.is_nil() {
        return format!("%!{verb}(<nil>)");
    }
    format!("%!{verb}({}={})", arg.type_name(), arg.printed())
}

/// `%#v`, for strings and what prints the same anyway.
fn go_syntax(arg: &Val<'_>) -> String {
    arg.str()
        .map_or_else(|| arg.printed(), |text| text::quote(text, false))
}

fn string_text(spec: &Spec, verb: char, text: &str) -> Option<String> {
    let cut: String = match spec.precision {
        Some(most) => text.chars().take(most).collect(),
        None => text.to_owned(),
    };
    let hex = |upper: bool| {
        let mut out = String::new();
        for byte in text.bytes().take(spec.precision.unwrap_or(usize::MAX)) {
            let digits = if upper {
                format!("{byte:02X}")
            } else {
                format!("{byte:02x}")
            };
            out.push_str(&digits);
        }
        out
    };
    let shown = match verb {
        'v' | 's' => cut,
        'q' if spec.sharp && !cut.contains(['`', '\n', '\r']) => format!("`{cut}`"),
        'q' => text::quote(&cut, spec.plus),
        'x' => hex(false),
        'X' => hex(true),
        _ => return None,
    };
    Some(pad(spec, &shown))
}

fn number_text(spec: &Spec, verb: char, number: GoNumber) -> Option<String> {
    match number {
        GoNumber::Int(int) => integer(spec, verb, int),
        GoNumber::Float(float) => floating(spec, verb, float),
    }
}

fn integer(spec: &Spec, verb: char, int: i64) -> Option<String> {
    let magnitude = int.unsigned_abs();
    let (prefix, digits) = match verb {
        'd' | 'v' => ("", magnitude.to_string()),
        'x' => ("0x", format!("{magnitude:x}")),
        'X' => ("0X", format!("{magnitude:X}")),
        'o' => ("0", format!("{magnitude:o}")),
        'O' => ("0o", format!("{magnitude:o}")),
        'b' => ("0b", format!("{magnitude:b}")),
        'c' | 'q' => {
            let c = u32::try_from(int)
                .ok()
                .and_then(char::from_u32)
                .unwrap_or('\u{fffd}');
            let quoted = text::quote(&c.to_string(), false);
            let shown = if verb == 'c' {
                c.to_string()
            } else {
                format!("'{}'", quoted.trim_matches('"'))
            };
            return Some(pad(spec, &shown));
        }
        'U' => return Some(pad(spec, &format!("U+{magnitude:04X}"))),
        _ => return None,
    };
    let prefix = if spec.sharp || verb == 'O' {
        prefix
    } else {
        ""
    };
    let digits = match spec.precision {
        Some(0) if int == 0 => String::new(),
        Some(least) => format!("{digits:0>least$}"),
        None => digits,
    };
    let spec = Spec {
        zero: spec.zero && spec.precision.is_none(),
        ..spec.clone()
    };
    Some(signed(&spec, int < 0, prefix, &digits))
}

fn floating(spec: &Spec, verb: char, value: f64) -> Option<String> {
    if !value.is_finite() {
        let spec = Spec {
            zero: false,
            ..spec.clone()
        };
        return Some(signed(
            &spec,
            value < 0.0,
            "",
            go::print_float(value.abs()).trim_start_matches('+'),
        ));
    }
    let magnitude = value.abs();
    let exponent = |precision: Option<usize>| {
        let text = match precision {
            Some(precision) => format!("{magnitude:.precision$e}"),
            None => format!("{magnitude:e}"),
        };
        let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        go::with_exponent(mantissa, exponent.parse().unwrap_or(0))
    };
    let digits = match verb {
        'f' | 'F' => format!("{magnitude:.*}", spec.precision.unwrap_or(6)),
        'e' => exponent(Some(spec.precision.unwrap_or(6))),
        'E' => exponent(Some(spec.precision.unwrap_or(6))).to_uppercase(),
        'v' | 'g' => general(magnitude, spec.precision),
        'G' => general(magnitude, spec.precision).to_uppercase(),
        _ => return None,
    };
    Some(signed(spec, value.is_sign_negative(), "", &digits))
}

/// `%g`: shortest digits, or `precision` significant ones without trailing zeros.
fn general(magnitude: f64, precision: Option<usize>) -> String {
    let Some(precision) = precision else {
        return go::print_float(magnitude);
    };
    let digits = precision.max(1);
    let text = format!("{magnitude:.*e}", digits - 1);
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let trimmed = |text: &str| {
        if text.contains('.') {
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        } else {
            text.to_owned()
        }
    };
    let most = i32::try_from(digits).unwrap_or(i32::MAX);
    if exponent < -4 || exponent >= most {
        return go::with_exponent(&trimmed(mantissa), exponent);
    }
    let places = usize::try_from(most - 1 - exponent).unwrap_or(0);
    trimmed(&format!("{magnitude:.places$}"))
}

/// Sign, prefix and digits; zeros go between sign and digits.
fn signed(spec: &Spec, negative: bool, prefix: &str, digits: &str) -> String {
    let sign = match (negative, spec.plus, spec.space) {
        (true, ..) => "-",
        (_, true, _) => "+",
        (.., true) => " ",
        _ => "",
    };
    let short = spec
        .width
        .unwrap_or(0)
        .saturating_sub(sign.len() + prefix.len() + digits.len());
    if spec.zero {
        return format!("{sign}{prefix}{}{digits}", "0".repeat(short));
    }
    pad(spec, &format!("{sign}{prefix}{digits}"))
}

fn pad(spec: &Spec, text: &str) -> String {
    let short = spec.width.unwrap_or(0).saturating_sub(text.chars().count());
    if spec.minus {
        return format!("{text}{}", " ".repeat(short));
    }
    format!("{}{text}", if spec.zero { "0" } else { " " }.repeat(short))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn verbs_print_as_in_go() {
        let cases = [
            (
                "%d|%5d|%-5d|%05d|%+d|%x|%#x|%c|%q",
                json!([42, 42, 42, 42, 42, 255, 255, 65, 65]),
                "42|   42|42   |00042|+42|ff|0xff|A|'A'",
            ),
            (
                "%v|%s|%q|%10.2s|%x",
                json!(["a\n", "b", "c\n", "def", "hi"]),
                "a\n|b|\"c\\n\"|        de|6869",
            ),
            (
                "%v|%.2f|%e|%g|%6.1f|%5.2g",
                json!([1.5, 1.255, 1234.5, 1e21, 0.25, 1234.5]),
                "1.5|1.25|1.234500e+03|1e+21|   0.2|1.2e+03",
            ),
            ("%d %s", json!([1.5, 1]), "%!d(float64=1.5) %!s(int64=1)"),
            ("%d", json!([]), "%!d(MISSING)"),
            ("x", json!([1]), "x%!(EXTRA int64=1)"),
            (
                "%v %s %t %z %%",
                json!([null, null, true, 1]),
                "<nil> %!s(<nil>) true %!z(int64=1) %",
            ),
            ("%v %s", json!([{"a": 1}, ["x", "y"]]), "map[a:1] [x y]"),
            ("%*d|%.*f|%", json!([4, 7, 1, 2.55]), "   7|2.5|%!(NOVERB)"),
        ];
        for (layout, args, wanted) in cases {
            let args: Vec<Val<'_>> = args.as_array().unwrap().iter().map(Val::borrowed).collect();
            assert_eq!(sprintf(layout, &args), wanted, "{layout}");
        }
    }
}
