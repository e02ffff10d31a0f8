//! Stock kubectl in several versions, each against a server of its own.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use regex_lite::Regex;

use crate::support::{Output, Sandbox, Server};

/// No command of kubectl may take longer.
const LIMIT: Duration = Duration::from_mins(1);

/// Which of the versions that are here.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Pick {
    Oldest,
    Middle,
    Newest,
}

/// The kubectl that `tests/peers/kubectl.sh` found or built; without any, the test says that it was
/// skipped, by name.
pub(crate) fn find(pick: Pick, test: &str) -> Option<PathBuf> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/peers/kubectl");
    let minor = |path: &PathBuf| {
        let name = path.file_name()?.to_str()?;
        name.strip_prefix("kubectl-1.")?.parse::<u32>().ok()
    };
    let mut found: Vec<(u32, PathBuf)> = std::fs::read_dir(dir)
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter_map(|path| Some((minor(&path)?, path)))
        .filter(|(_, path)| path.exists())
        .collect();
    found.sort();
    let at = match pick {
        Pick::Oldest => 0,
        Pick::Middle => found.len() / 2,
        Pick::Newest => found.len().saturating_sub(1),
    };
    if found.is_empty() {
        eprintln!("skipped: {test} (no kubectl; run tests/peers/kubectl.sh)");
        return None;
    }
    Some(found.swap_remove(at).1)
}

/// kubectl with a kubeconfig for a server of its own.
#[derive(Debug)]
pub(crate) struct Kubectl {
    program: PathBuf,
    config: PathBuf,
    sandbox: Sandbox,
    _server: Server,
}

/// One command: its arguments, and what surrounds it.
#[derive(Debug, Default)]
pub(crate) struct Call<'a> {
    pub(crate) arguments: &'a [String],
    pub(crate) input: Option<&'a str>,
    pub(crate) variables: &'a [(String, String)],
}

impl Kubectl {
    /// Starts an empty server on the simulator and lets kubectl know of it.
    pub(crate) fn start(program: &Path) -> Self {
        let sandbox = Sandbox::new();
        let port = free_port();
        let flags = format!("--engine sim --listen 127.0.0.1:{port}");
        let server = Server::start_with(&sandbox, &flags);
        let data = server.data();
        let text = format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: nova\n\
             clusters:\n- name: nova\n  cluster: {{server: 'https://127.0.0.1:{port}', certificate-authority: '{}'}}\n\
             contexts:\n- name: nova\n  context: {{cluster: nova, user: admin, namespace: default}}\n\
             users:\n- name: admin\n  user: {{tokenFile: '{}'}}\n",
            data.join("pki/ca.crt").display(),
            data.join("admin.token").display(),
        );
        let config = sandbox.write("kubeconfig", &text);
        Self {
            program: program.to_owned(),
            config,
            sandbox,
            _server: server,
        }
    }

    /// The version, as `kubectl-1.33`.
    pub(crate) fn version(&self) -> String {
        self.program
            .file_name()
            .unwrap()
            .to_string_lossy()
            .into_owned()
    }

    /// The 33 of `kubectl-1.33`.
    pub(crate) fn minor(&self) -> u32 {
        self.version().rsplit('.').next().unwrap().parse().unwrap()
    }

    fn command(&self, arguments: &[String]) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(arguments)
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("HOME", self.sandbox.home())
            .env("KUBECONFIG", &self.config)
            .env("KUBE_COLOR", "0");
        command
    }

    /// Runs a command to its end.
    pub(crate) fn run(&self, call: &Call<'_>) -> Output {
        let mut command = self.command(call.arguments);
        command.envs(call.variables.iter().cloned());
        let ran = assert_cmd::Command::from_std(command)
            .write_stdin(call.input.unwrap_or_default())
            .timeout(LIMIT)
            .output()
            .unwrap();
        Output::of(&shell_words::join(call.arguments), ran)
    }

    /// Starts a command whose standard output is read as it comes.
    pub(crate) fn spawn(&self, line: &str) -> Child {
        let mut command = self.command(&shell_words::split(line).unwrap());
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        command.spawn().unwrap()
    }
}

/// A port that nobody listens on at the moment.
fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// Replaces what differs from run to run: identities, times, generated names, revisions.
#[derive(Debug)]
pub(crate) struct Normal(Vec<(Regex, &'static str)>);

impl Normal {
    /// What the recorded steps replaced.
    pub(crate) fn recorded() -> Self {
        Self::of(&[
            (
                r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
                "UID",
            ),
            (r"\d{4}-\d\d-\d\dT[\d:.]+Z", "TIME"),
            (r"gen-[a-z0-9]{5}\b", "gen-XXXXX"),
            (r"resourceVersion:\S+", "resourceVersion:RV"),
        ])
    }

    /// The same, with revisions in sentences, and the words that newer versions append.
    pub(crate) fn scripted() -> Self {
        let mut all = Self::recorded();
        all.0.extend(
            Self::of(&[
                (r"in record \(\d+\)", "in record (NUMBER)"),
                (r"(deleted) from \S+ namespace", "$1"),
            ])
            .0,
        );
        all
    }

    fn of(rules: &[(&str, &'static str)]) -> Self {
        let rule = |(pattern, with): &(&str, &'static str)| (Regex::new(pattern).unwrap(), *with);
        Self(rules.iter().map(rule).collect())
    }

    /// The text without differences that say nothing.
    pub(crate) fn of_text(&self, text: &str) -> String {
        let replace = |text: String, (pattern, with): &(Regex, &str)| {
            pattern.replace_all(&text, *with).into_owned()
        };
        self.0.iter().fold(text.to_owned(), replace)
    }
}
