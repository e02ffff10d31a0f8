//! `nova completion [SHELL]`: the script, or the line that installs it.

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
    cx.print(&format!("{}\n", install_line(shell)))?;
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

/// What makes the script work now and in every later shell.
fn install_line(shell: Shell) -> &'static str {
    match shell {
        Shell::Bash => {
            r#"echo 'eval "$(nova completion bash)"' >> ~/.bashrc; eval "$(nova completion bash)""#
        }
        Shell::Zsh => {
            r#"echo 'eval "$(nova completion zsh)"' >> ~/.zshrc; eval "$(nova completion zsh)""#
        }
        Shell::Fish => {
            "echo 'nova completion fish | source' >> ~/.config/fish/config.fish; nova completion fish | source"
        }
        Shell::Powershell => {
            "if (!(Test-Path $PROFILE)) { New-Item -Force $PROFILE | Out-Null }; Add-Content $PROFILE 'nova completion powershell | Out-String | Invoke-Expression'; nova completion powershell | Out-String | Invoke-Expression"
        }
    }
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
            assert!(install_line(shell).contains("nova completion"), "{shell:?}");
        }
    }
}
