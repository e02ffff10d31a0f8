//! `nova completion [SHELL]`: the script, or the line that installs it.

use std::path::{Path, PathBuf};

use nova_core::{Cx, Failure, Result, env};
use nova_dispatch::Family;

#[derive(Debug, clap::Args)]
pub(crate) struct ScriptArgs {
    /// Shell to print the script for
    #[arg(value_name = "SHELL")]
    shell: Option<Shell>,
}

/// A shell that can be taught.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Shell {
    Bash,
    Zsh,
    Fish,
    Powershell,
}

pub(crate) fn run(cx: &Cx, args: &ScriptArgs) -> Result<()> {
    if let Some(shell) = args.shell {
        return cx.print(&script(shell));
    }
    let shell = detect()?;
    cx.print(&format!("{}\n", install_line(shell, &program())))?;
    if cx.terminal().stdout {
        cx.note("hint: run that line once; it works at once and in every shell you open later");
    }
    Ok(())
}

/// The script with the names of all programs that it is for.
fn script(shell: Shell) -> String {
    let text = match shell {
        Shell::Bash => include_str!("../scripts/bash.sh"),
        Shell::Zsh => include_str!("../scripts/zsh.zsh"),
        Shell::Fish => include_str!("../scripts/fish.fish"),
        Shell::Powershell => include_str!("../scripts/powershell.ps1"),
    };
    let between = if shell == Shell::Powershell {
        ", "
    } else {
        " "
    };
    text.replace("@PROGRAMS@", &programs().join(between))
}

/// Dispatchers and the tools of their families.
fn programs() -> Vec<String> {
    let families = ["nova", "ghost", "gonuget"].map(Family::named);
    families
        .iter()
        .flat_map(|family| {
            let tools = family.tools.iter().map(|tool| family.program(tool.name));
            std::iter::once(family.name.to_string()).chain(tools)
        })
        .collect()
}

/// What makes the script work now and in every later shell, where `nova` is called as `program`.
fn install_line(shell: Shell, program: &str) -> String {
    let (line, file) = match shell {
        Shell::Bash => (
            format!(r#"eval "$({program} completion bash)""#),
            "~/.bashrc",
        ),
        Shell::Zsh => (format!(r#"eval "$({program} completion zsh)""#), "~/.zshrc"),
        Shell::Fish => (
            format!("{program} completion fish | source"),
            "~/.config/fish/config.fish",
        ),
        Shell::Powershell => {
            let line = "nova completion powershell | Out-String | Invoke-Expression";
            let made = "if (!(Test-Path $PROFILE)) { New-Item -Force $PROFILE | Out-Null }";
            return format!("{made}; Add-Content $PROFILE '{line}'; {line}");
        }
    };
    format!("echo '{line}' >> {file}; {line}")
}

/// How a file that shells read at their start calls `nova`. On Debian a login shell reads it before
/// it knows of `~/.local/bin`.
fn program() -> String {
    let dispatcher = env::get(env::NOVA).map(PathBuf::from).or_else(beside);
    let spelled = dispatcher.and_then(|path| spelled(&path, env::get(env::HOME).as_deref()));
    spelled.unwrap_or_else(|| "nova".to_owned())
}

/// The dispatcher that lies with this program.
fn beside() -> Option<PathBuf> {
    let path = std::env::current_exe().ok()?.with_file_name("nova");
    path.is_file().then_some(path)
}

/// The path as people write it; nothing where every shell finds the name, or would need quotes.
fn spelled(path: &Path, home: Option<&str>) -> Option<String> {
    const EVERYWHERE: [&str; 3] = ["/usr/local/bin", "/usr/bin", "/bin"];
    let dir = path.parent()?;
    if EVERYWHERE.iter().any(|known| dir == Path::new(known)) {
        return None;
    }
    let below = home.and_then(|home| path.strip_prefix(home).ok());
    let text = match below {
        Some(below) => format!("~/{}", below.to_str()?),
        None => path.to_str()?.to_owned(),
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || "~/._-".contains(c);
    text.chars().all(plain).then_some(text)
}

/// The shell that called us, else the user's login shell.
fn detect() -> Result<Shell> {
    parent()
        .as_deref()
        .and_then(named)
        .or_else(|| env::get(env::SHELL).as_deref().and_then(named))
        .ok_or_else(|| {
            Failure::usage("cannot tell which shell you use")
                .with_hint("name it: nova completion bash, zsh, fish or powershell")
        })
}

fn parent() -> Option<String> {
    let pid = rustix::process::getppid()?.as_raw_nonzero();
    let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).ok()?;
    Some(name.trim().to_owned())
}

/// The shell of a program's name or path.
fn named(program: &str) -> Option<Shell> {
    let name = program.rsplit('/').next().unwrap_or(program);
    match name.trim_start_matches('-') {
        "bash" => Some(Shell::Bash),
        "zsh" => Some(Shell::Zsh),
        "fish" => Some(Shell::Fish),
        "pwsh" | "powershell" => Some(Shell::Powershell),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shells_are_known_by_name_path_and_as_login_shells() {
        assert_eq!(named("/usr/bin/zsh"), Some(Shell::Zsh));
        assert_eq!(named("-bash"), Some(Shell::Bash));
        assert_eq!(named("pwsh"), Some(Shell::Powershell));
        assert_eq!(named("cargo"), None);
    }

    #[test]
    fn every_script_names_every_program() {
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish, Shell::Powershell] {
            let text = script(shell);
            assert!(
                text.contains("nova-vm") && text.contains("gonuget"),
                "{shell:?}"
            );
            assert!(
                !text.contains('@') || !text.contains("@PROGRAMS@"),
                "{shell:?}"
            );
            let line = install_line(shell, "nova");
            assert_eq!(line.matches("nova completion").count(), 2, "{shell:?}");
        }
    }

    #[test]
    fn the_line_names_the_path_where_the_name_alone_is_not_enough() {
        let home = Some("/home/ana");
        let spelled = |path: &str| spelled(Path::new(path), home);
        assert_eq!(spelled("/usr/local/bin/nova"), None);
        assert_eq!(
            spelled("/home/ana/.local/bin/nova").as_deref(),
            Some("~/.local/bin/nova")
        );
        assert_eq!(spelled("/opt/n/nova").as_deref(), Some("/opt/n/nova"));
        assert_eq!(spelled("/opt/a b/nova"), None);
        assert_eq!(
            install_line(Shell::Bash, "~/.local/bin/nova"),
            r#"echo 'eval "$(~/.local/bin/nova completion bash)"' >> ~/.bashrc; eval "$(~/.local/bin/nova completion bash)""#
        );
    }
}
