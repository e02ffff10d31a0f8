//! Names of objects, out of the cache.

use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nova_api::{KINDS, KindInfo, Scope as Reach};
use nova_core::complete::Candidate;
use nova_core::env;
use nova_core::fs::create_private_dir;
use nova_core::paths::Paths;
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::Question;
use super::slots::kind_called;
use crate::cache::{self, FRESH, JUST_READ, Lines};
use crate::scope::{self, Scope};

/// What a Tab waits for new names when those at hand are old.
const PATIENCE: Duration = Duration::from_millis(150);

/// Names of a kind; `vm/we` is completed as `we` is.
pub(crate) fn objects(plural: &'static str, question: &Question) -> Vec<Candidate> {
    let (head, typed) = match question.typed.rsplit_once('/') {
        Some((kind, typed)) if kind_called(kind) == Some(plural) => (format!("{kind}/"), typed),
        Some(_) => return Vec::new(),
        None => (String::new(), question.typed.as_str()),
    };
    let mut found = with_cache(plural, Path::to_path_buf, |lines| lines.candidates(typed));
    let used: Vec<&str> = question.before.iter().map(|name| bare(name)).collect();
    found.retain(|name| !used.contains(&name.value.as_str()));
    if !head.is_empty() {
        for name in &mut found {
            name.value.insert_str(0, &head);
        }
    }
    found
}

fn bare(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

/// Kinds, and after `KIND/` the names of that kind.
pub(crate) fn kinds(question: &Question) -> Vec<Candidate> {
    if let Some((kind, _)) = question.typed.split_once('/') {
        return kind_called(kind).map_or_else(Vec::new, |plural| objects(plural, question));
    }
    let typed = question.typed.as_str();
    let mut found: Vec<Candidate> = KINDS
        .iter()
        .filter_map(|kind| {
            Some(Candidate::new(
                spelling(kind, typed)?,
                kind.qualified_plural(),
            ))
        })
        .collect();
    found.sort_by(|a, b| a.value.cmp(&b.value));
    found
}

/// The form of a kind's name that was begun: its usual word first.
fn spelling(kind: &KindInfo, typed: &str) -> Option<&'static str> {
    let further = [kind.singular, kind.plural];
    let all = std::iter::once(kind.word())
        .chain(further)
        .chain(kind.short_names.iter().copied());
    all.into_iter().find(|word| word.starts_with(typed))
}

/// Label keys, and after `KEY=` the values that objects carry.
pub(crate) fn labels(plural: &'static str, values: bool, question: &Question) -> Vec<Candidate> {
    // Of `app=web,ti` only the last term is being typed.
    let at = question.typed.rfind(',').map_or(0, |comma| comma + 1);
    let (head, typed) = question.typed.split_at(at);
    let mut found = with_cache(plural, cache::labels_of, |lines| {
        if typed.contains('=') {
            lines.candidates(typed)
        } else {
            keys(lines, typed, values)
        }
    });
    for label in &mut found {
        label.value.insert_str(0, head);
    }
    found
}

fn keys(lines: &Lines, typed: &str, values: bool) -> Vec<Candidate> {
    let mut found: Vec<Candidate> = Vec::new();
    let end = if values { "=" } else { "" };
    for line in lines.matching(typed).lines() {
        let key = line.split_once('=').map_or(line, |(key, _)| key);
        let word = format!("{key}{end}");
        if found.last().is_none_or(|last| last.value != word) {
            found.push(Candidate::new(word, ""));
        }
    }
    found
}

/// What `pick` finds in the cache, after a refresh when that is old or knows nothing.
fn with_cache(
    plural: &'static str,
    file_of: impl Fn(&Path) -> std::path::PathBuf,
    pick: impl Fn(&Lines) -> Vec<Candidate>,
) -> Vec<Candidate> {
    let place = || {
        let paths = Paths::from_env().ok()?;
        let scope = Scope::find(&paths, &scope::configuration(&paths)?)?;
        let kind = KINDS.iter().find(|kind| kind.plural == plural)?;
        let names = scope.file(plural, kind.scope == Reach::Namespaced);
        Some((scope, names))
    };
    let Some((scope, names)) = place() else {
        return Vec::new();
    };
    let file = file_of(&names);
    let lines = Lines::read(&file);
    let found = pick(&lines);
    // Something that was just made is worth a look although the names are young.
    let limit = if found.is_empty() { JUST_READ } else { FRESH };
    if lines.age.is_some_and(|age| age < limit) || !scope.reachable {
        return found;
    }
    if refresh(&scope, plural, &names) {
        pick(&Lines::read(&file))
    } else {
        found
    }
}

/// Starts a refresh and waits a moment for it; true when it ended in time.
///
/// A mark beside the names says when the last one was started: while that one hangs, or has just
/// failed, no further Tab waits.
fn refresh(scope: &Scope, plural: &str, names: &Path) -> bool {
    let mark = names.with_extension("asked");
    let asked = cache::age(&mark);
    let failed = match (asked, cache::age(names)) {
        (Some(asked), Some(read)) => asked < read,
        (asked, None) => asked.is_some(),
        (None, _) => false,
    };
    if failed && asked.is_some_and(|asked| asked < FRESH) {
        return false;
    }
    let made = names.parent().map_or(Ok(()), create_private_dir);
    if made
        .and_then(|()| std::fs::File::create(&mark).map(drop))
        .is_err()
    {
        return false;
    }
    start(scope, plural, names).is_ok_and(|mut child| ended(&mut child))
}

/// The refresh runs on when its Tab is over, and nothing that the shell reads is open in it.
fn start(scope: &Scope, plural: &str, names: &Path) -> io::Result<std::process::Child> {
    let mut command = Command::new(std::env::current_exe()?);
    // The multi-call executable goes by the name it is called.
    command
        .arg0("nova-completion")
        .args(["refresh", plural])
        .arg(names);
    if let Some(endpoint) = &scope.endpoint {
        command.env(env::NOVA_ENDPOINT, endpoint);
    }
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    command.process_group(0).spawn()
}

/// Whether the child closed its output, which it does by ending, within our patience.
fn ended(child: &mut std::process::Child) -> bool {
    let Some(output) = &child.stdout else {
        return false;
    };
    let start = Instant::now();
    loop {
        let left = PATIENCE.saturating_sub(start.elapsed());
        let left = Timespec {
            tv_sec: 0,
            tv_nsec: i64::from(left.subsec_nanos()),
        };
        match poll(&mut [PollFd::new(output, PollFlags::IN)], Some(&left)) {
            Ok(0) => return false,
            Ok(_) => return true,
            Err(rustix::io::Errno::INTR) => {}
            Err(_) => return false,
        }
    }
}
