//! Stock kubectl against our server: steps recorded against a real kube-apiserver, and a session whose
//! every step names the documented behaviour it rests on. In three minor versions.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::path::Path;

use serde_json::{Value, json};

use crate::kubectl::{Call, Kubectl, Normal, Pick, find};
use crate::support::Output;

#[test]
fn a_session_of_the_oldest_kubectl_reads_as_against_kubernetes() {
    session(Pick::Oldest, "a_session_of_the_oldest_kubectl");
}

#[test]
fn a_session_of_a_kubectl_in_between_reads_as_against_kubernetes() {
    session(Pick::Middle, "a_session_of_a_kubectl_in_between");
}

#[test]
fn a_session_of_the_newest_kubectl_reads_as_against_kubernetes() {
    session(Pick::Newest, "a_session_of_the_newest_kubectl");
}

fn session(pick: Pick, test: &str) {
    let Some(program) = find(pick, test) else {
        return;
    };
    let recorded = recorded();
    let scripted = scripted();
    assert!(recorded.len() + scripted.len() >= 150);
    let kubectl = Kubectl::start(&program);
    let mut wrong: Vec<String> = recorded
        .iter()
        .filter_map(|step| replay(&kubectl, step))
        .collect();
    let kubectl = Kubectl::start(&program);
    wrong.extend(scripted.iter().filter_map(|step| step.check(&kubectl)));
    let count = wrong.len();
    assert!(
        wrong.is_empty(),
        "{}: {count} steps differ\n\n{}",
        kubectl.version(),
        wrong.join("\n\n")
    );
}

fn fixture(name: &str) -> String {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/kubectl");
    std::fs::read_to_string(dir.join(name)).unwrap()
}

fn recorded() -> Vec<Value> {
    let mut document: Value = serde_json::from_str(&fixture("steps.json")).unwrap();
    let Value::Array(steps) = document["steps"].take() else {
        panic!("steps.json has no steps");
    };
    steps
}

/// Recorded steps that older versions of kubectl answer otherwise by themselves: the step, the first
/// minor version that agrees with the recording, and what differs.
const ONCE_OTHERWISE: [(&str, u32, &str); 1] = [(
    "sort/table-3",
    31,
    "--sort-by put `nr 7` before `nr 21`: strings were sorted by the numbers in them",
)];

/// Runs a recorded step; a difference comes back as text.
fn replay(kubectl: &Kubectl, step: &Value) -> Option<String> {
    let older = |(id, since, _): &&(&str, u32, &str)| step["id"] == *id && kubectl.minor() < *since;
    if let Some((id, _, what)) = ONCE_OTHERWISE.iter().find(older) {
        eprintln!("left out: {id} ({}: {what})", kubectl.version());
        return None;
    }
    let words = step["args"].as_array().unwrap().iter();
    let arguments: Vec<String> = words
        .map(|word| word.as_str().unwrap().to_owned())
        .collect();
    let output = kubectl.run(&Call {
        arguments: &arguments,
        input: step["stdin"].as_str(),
        ..Call::default()
    });
    let got = view(step["compare"].as_str().unwrap(), &output);
    (got != step["expect"]).then(|| {
        format!(
            "{}: kubectl {}\n want {}\n got  {got}",
            step["id"], output.command, step["expect"]
        )
    })
}

/// What of a run is compared: its code; the class of its error; one column; lines in any order; or all.
fn view(how: &str, output: &Output) -> Value {
    let normal = Normal::recorded();
    let (out, err) = (
        normal.of_text(&output.stdout),
        normal.of_text(&output.stderr),
    );
    let code = output.code;
    let lines: Vec<&str> = out.lines().filter(|line| !line.trim().is_empty()).collect();
    match how {
        "rc" => json!({"rc": code}),
        "err" => json!({"rc": code, "out": out, "err": class_of(&err)}),
        "col1" => {
            let first = |line: &&str| line.split_whitespace().next().map(str::to_owned);
            json!({"rc": code, "col": lines.iter().map(first).collect::<Vec<_>>()})
        }
        "lastcol" => {
            let last = |line: &&str| line.split_whitespace().last().map(str::to_owned);
            json!({"rc": code, "col": lines.iter().map(last).collect::<Vec<_>>()})
        }
        "set" => {
            let mut set: Vec<&&str> = lines.iter().filter(|line| !line.starts_with(':')).collect();
            set.sort();
            json!({"rc": code, "set": set, "err": ""})
        }
        how => match how.strip_prefix("has:") {
            Some(part) => json!({"rc": code, "has": out.contains(part)}),
            None => json!({"rc": code, "out": out, "err": err.trim_end()}),
        },
    }
}

/// `Error from server (NotFound):`, else the whole text.
fn class_of(err: &str) -> String {
    let last = err.lines().last().unwrap_or_default();
    let server = last.strip_prefix("Error from server (").and_then(|rest| {
        let (reason, _) = rest.split_once("):")?;
        Some(format!("Error from server ({reason}):"))
    });
    let plain = ["error: ", "Error: "]
        .into_iter()
        .find(|start| last.starts_with(start));
    server
        .or_else(|| plain.map(str::to_owned))
        .unwrap_or_else(|| err.to_owned())
}

/// A step of `session.txt`, which explains its form.
#[derive(Debug, Default)]
struct Step {
    basis: String,
    arguments: Vec<String>,
    variables: Vec<(String, String)>,
    input: Option<String>,
    code: i32,
    out: Expected,
    err: Expected,
}

/// What a stream must hold: these lines and nothing else, or these texts somewhere.
#[derive(Debug, Default)]
struct Expected {
    lines: Vec<String>,
    parts: Vec<String>,
}

impl Expected {
    fn holds(&self, text: &str) -> bool {
        if self.parts.is_empty() {
            return text.lines().eq(self.lines.iter().map(String::as_str));
        }
        self.parts.iter().all(|part| text.contains(part.as_str()))
    }
}

fn scripted() -> Vec<Step> {
    let text = fixture("session.txt");
    // The first paragraphs tell how to read the file.
    let paragraphs = text
        .split("\n\n")
        .filter(|paragraph| paragraph.contains("\n$ "));
    paragraphs.map(Step::read).collect()
}

impl Step {
    fn read(paragraph: &str) -> Self {
        let mut step = Self::default();
        for line in paragraph.lines() {
            let (mark, rest) = line.split_once(' ').unwrap_or((line, ""));
            match mark {
                "#" => step.basis = [step.basis.as_str(), rest].join(" "),
                "$" => step.arguments = shell_words::split(rest).unwrap(),
                "%" => {
                    let (name, value) = rest.split_once('=').unwrap();
                    step.variables.push((name.to_owned(), value.to_owned()));
                }
                "<" => {
                    let input = step.input.get_or_insert_default();
                    input.push_str(rest);
                    input.push('\n');
                }
                "=" => step.code = rest.parse().unwrap(),
                ">" => step.out.lines.push(rest.to_owned()),
                ">~" => step.out.parts.push(rest.to_owned()),
                "!" => step.err.lines.push(rest.to_owned()),
                "!~" => step.err.parts.push(rest.to_owned()),
                _ => panic!("session.txt: `{line}`"),
            }
        }
        step
    }

    /// Runs the step; a difference comes back as text.
    fn check(&self, kubectl: &Kubectl) -> Option<String> {
        let output = kubectl.run(&Call {
            arguments: &self.arguments,
            input: self.input.as_deref(),
            variables: &self.variables,
        });
        let normal = Normal::scripted();
        let (out, err) = (
            normal.of_text(&output.stdout),
            normal.of_text(&output.stderr),
        );
        let right = output.code == self.code && self.out.holds(&out) && self.err.holds(&err);
        (!right).then(|| {
            format!(
                "{}\n want exit {}\n  stdout {:?}\n  stderr {:?}\n got {output}",
                self.basis, self.code, self.out, self.err
            )
        })
    }
}

#[test]
fn every_step_of_the_session_says_what_it_rests_on() {
    let steps = scripted();
    let missing = |step: &&Step| step.basis.len() < 12;
    assert_eq!(steps.iter().find(missing).map(|step| &step.arguments), None);
    let verbs: BTreeSet<&str> = steps
        .iter()
        .map(|step| step.arguments[0].as_str())
        .collect();
    for verb in [
        "get",
        "create",
        "apply",
        "diff",
        "replace",
        "patch",
        "label",
        "annotate",
        "edit",
        "delete",
        "wait",
        "explain",
        "describe",
        "events",
        "api-resources",
        "api-versions",
        "auth",
    ] {
        assert!(verbs.contains(verb), "{verb}");
    }
}

#[test]
fn kubectl_sees_changes_as_they_come() {
    let Some(program) = find(Pick::Newest, "kubectl_sees_changes_as_they_come") else {
        return;
    };
    let kubectl = Kubectl::start(&program);
    let run = |line: &str, input: &str| {
        let arguments = shell_words::split(line).unwrap();
        let call = Call {
            arguments: &arguments,
            input: Some(input),
            ..Call::default()
        };
        kubectl.run(&call).ok()
    };
    let vm = |name: &str| {
        format!(
            "apiVersion: nova.dev/v1\nkind: VirtualMachine\nmetadata: {{name: {name}}}\nspec: {{runState: Stopped}}\n"
        )
    };
    run("create -f -", &vm("first"));
    let columns = "custom-columns=T:.type,N:.object.metadata.name,L:.object.metadata.labels.seen";
    let line = format!("get vm -w --output-watch-events --no-headers -o {columns}");
    let mut child = kubectl.spawn(&line);
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut next_like = |wanted: &str| {
        let squeezed = |line: String| line.split_whitespace().collect::<Vec<_>>().join(" ");
        // The server's own changes of status may come in between.
        lines
            .by_ref()
            .map(|line| squeezed(line.unwrap()))
            .find(|line| line == wanted)
    };
    assert!(next_like("ADDED first <none>").is_some());
    run("create -f -", &vm("second"));
    assert!(next_like("ADDED second <none>").is_some());
    run("label vm first seen=yes", "");
    assert!(next_like("MODIFIED first yes").is_some());
    run("delete vm second", "");
    assert!(next_like("DELETED second <none>").is_some());
    child.kill().unwrap();
    child.wait().unwrap();
}
