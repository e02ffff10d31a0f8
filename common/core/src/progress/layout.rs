//! One line for one operation, as wide as there is room.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::state::Snapshot;
use crate::units::{format_bytes, format_duration};

/// Columns left free at the right: a terminal prints `^C` there and must not break the line.
const MARGIN: usize = 3;
/// From this width on, a bar is drawn.
const BAR_FROM: usize = 70;
const BAR: usize = 20;

/// A live line that is narrower than the terminal.
pub(super) fn live(shown: &Snapshot, width: usize, unicode: bool) -> String {
    let room = width.saturating_sub(MARGIN).max(1);
    let head = format!("{} {}", spinner(shown, unicode), subject(shown));
    for tail in tails(shown, width, unicode) {
        let tail_width = tail.width() + 1;
        // What is done must stay readable: half of the line is its own, if it needs that.
        let least = head.width().min(room / 2);
        if tail_width + least <= room {
            return format!("{} {tail}", shorten(&head, room - tail_width, unicode));
        }
    }
    shorten(&head, room, unicode)
}

/// `creating vm/a: disk`.
pub(super) fn subject(shown: &Snapshot) -> String {
    if shown.phase.is_empty() {
        shown.operation.clone()
    } else {
        format!("{}: {}", shown.operation, shown.phase)
    }
}

/// The numbers as words, for plain lines: `45%, 450MiB/1GiB, 12MiB/s, about 3m left`.
pub(super) fn numbers(shown: &Snapshot) -> Vec<String> {
    let mut parts = Vec::new();
    parts.extend(shown.percent.map(|percent| format!("{percent}%")));
    parts.extend(amount(shown));
    if let Some(silent) = shown.stalled {
        parts.push(format!("stalled {}", whole(silent)));
    } else {
        parts.extend(rate(shown));
        parts.extend(shown.eta.map(|eta| format!("about {} left", about(eta))));
    }
    parts
}

/// What may stand behind the subject, fullest first.
fn tails(shown: &Snapshot, width: usize, unicode: bool) -> Vec<String> {
    let elapsed = whole(shown.elapsed);
    let all = numbers(shown);
    let mut tails = Vec::new();
    if let Some(percent) = shown.percent.filter(|_| width >= BAR_FROM) {
        tails.push(format!("{} {}", bar(percent, unicode), all.join(" ")));
    }
    // The last part says most: what is left, or that nothing moves.
    for kept in (1..all.len()).rev() {
        tails.push([&all[..kept], &all[all.len() - 1..]].concat().join(" "));
    }
    tails.extend(all.first().cloned());
    if all.is_empty() {
        tails.push(elapsed);
    }
    tails
}

fn bar(percent: u8, unicode: bool) -> String {
    let full = usize::from(percent) * BAR / 100;
    let (on, off) = if unicode { ("━", " ") } else { ("=", " ") };
    let edge = if unicode { ("▕", "▏") } else { ("[", "]") };
    format!(
        "{}{}{}{}",
        edge.0,
        on.repeat(full),
        off.repeat(BAR - full),
        edge.1
    )
}

fn amount(shown: &Snapshot) -> Option<String> {
    let show = |n: u64| match shown.unit.as_str() {
        "bytes" => format_bytes(n),
        _ => n.to_string(),
    };
    let text = match (shown.current, shown.total) {
        (0, 0) => return None,
        (current, 0) => show(current),
        (current, total) => format!("{}/{}", show(current), show(total)),
    };
    Some(match shown.unit.as_str() {
        "bytes" | "" => text,
        unit => format!("{text} {unit}"),
    })
}

fn rate(shown: &Snapshot) -> Option<String> {
    // Before there is an estimate, a rate is mostly noise.
    let rate = shown.rate.filter(|_| shown.elapsed.as_secs() >= 1)?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a positive rate for people"
    )]
    let bytes = rate as u64;
    match shown.unit.as_str() {
        "bytes" => Some(format!("{}/s", format_bytes(bytes))),
        _ if rate >= 1.0 => Some(format!("{rate:.0}/s")),
        _ => None,
    }
}

/// An estimate looks like one: whole minutes and hours.
fn about(left: std::time::Duration) -> String {
    let seconds = left.as_secs().max(1);
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{}m", seconds.div_ceil(60)),
        _ => format!("{}h{}m", seconds / 3600, seconds / 60 % 60),
    }
}

fn whole(time: std::time::Duration) -> String {
    let seconds = std::time::Duration::from_secs(time.as_secs());
    if seconds.is_zero() {
        return "0s".to_owned();
    }
    format_duration(seconds)
}

fn spinner(shown: &Snapshot, unicode: bool) -> char {
    let frames: &[char] = if unicode {
        &['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏']
    } else {
        &['|', '/', '-', '\\']
    };
    let at = usize::try_from(shown.elapsed.as_millis() / 100).unwrap_or(0);
    frames[at % frames.len()]
}

/// Cuts text to `width` columns, with an ellipsis where something is missing.
pub(super) fn shorten(text: &str, width: usize, unicode: bool) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mark = if unicode { "…" } else { "..." };
    let room = width.saturating_sub(mark.width());
    let mut kept = String::new();
    let mut used = 0;
    for c in text.chars() {
        used += c.width().unwrap_or(0);
        if used > room {
            break;
        }
        kept.push(c);
    }
    kept.truncate(kept.trim_end().len());
    if mark.width() > width {
        return kept;
    }
    kept + mark
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn shown(operation: &str, percent: Option<u8>) -> Snapshot {
        Snapshot {
            operation: operation.to_owned(),
            phase: "disk".to_owned(),
            elapsed: Duration::from_secs(5),
            current: u64::from(percent.unwrap_or(0)) << 20,
            total: percent.map_or(0, |_| 100 << 20),
            unit: "bytes".to_owned(),
            percent,
            rate: percent.map(|_| f64::from(2 << 20)),
            eta: percent.map(|_| Duration::from_secs(125)),
            stalled: None,
            live: true,
        }
    }

    #[test]
    fn lines_hold_as_much_as_the_width_allows() {
        let line = |width| live(&shown("creating vm/a", Some(45)), width, false);
        assert_eq!(
            line(100),
            "/ creating vm/a: disk [=========           ] 45% 45MiB/100MiB 2MiB/s about 3m left"
                .replacen('/', &spinner(&shown("", None), false).to_string(), 1)
        );
        assert!(
            line(60).ends_with("45% 45MiB/100MiB about 3m left"),
            "{}",
            line(60)
        );
        assert!(line(40).ends_with("creating vm… 45%") || line(40).ends_with("45% about 3m left"));
        for width in 1..130 {
            for percent in [None, Some(0), Some(100)] {
                for name in ["creating vm/a", "日本語の仮想マシンを作成しています"]
                {
                    let line = live(&shown(name, percent), width, true);
                    assert!(
                        line.width() <= width.saturating_sub(MARGIN).max(1),
                        "{width}: {line}"
                    );
                }
            }
        }
    }

    #[test]
    fn wide_characters_are_cut_by_columns() {
        assert_eq!(shorten("日本語", 5, true), "日本…");
        assert_eq!(shorten("日本語", 4, true), "日…");
        assert_eq!(shorten("abcdef", 5, false), "ab...");
        assert_eq!(shorten("abc", 2, false), "");
    }

    #[test]
    fn a_stall_takes_the_place_of_rate_and_estimate() {
        let mut stalled = shown("x", Some(45));
        stalled.stalled = Some(Duration::from_secs(14));
        assert_eq!(numbers(&stalled), ["45%", "45MiB/100MiB", "stalled 14s"]);
    }

    #[test]
    fn estimates_are_round() {
        assert_eq!(about(Duration::from_secs(42)), "42s");
        assert_eq!(about(Duration::from_secs(125)), "3m");
        assert_eq!(about(Duration::from_secs(3700)), "1h1m");
    }
}
