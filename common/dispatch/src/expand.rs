//! Aliases at work: when one counts, and what the line becomes.

use std::ffi::OsString;
use std::path::PathBuf;

use crate::alias::{self, Expansion};
use crate::answer::{Answer, Call, Dispatcher};
use crate::config::{self, Config};
use crate::family::Voice;
use crate::launch::Called;
use crate::options::{self, Options};
use crate::places;
use crate::problem::Problem;
use crate::start::Target;

/// Expansions in one line; more is a mistake even without a loop.
const EXPANSIONS: usize = 10;

impl Dispatcher<'_> {
    /// The configuration, read on first use.
    pub(crate) fn config(&self) -> Result<&Config, Problem> {
        let load = || Config::load(self.input, self.files);
        self.config.get_or_init(load).as_ref().map_err(Clone::clone)
    }

    /// Whether an alias takes precedence over an extension of the same name. The file is only
    /// parsed when it speaks of overriding at all, so that a direct hit stays cheap.
    pub(crate) fn overridden(&self, word: &str, chain: &[String]) -> Result<bool, Problem> {
        if self.family.voice == Voice::Dotnet || chain.iter().any(|name| name == word) {
            return Ok(false);
        }
        let path = Config::path(self.input);
        if !path.is_some_and(|path| config::may_override(&path, self.files)) {
            return Ok(false);
        }
        Ok(self
            .config()?
            .aliases
            .get(word)
            .is_some_and(|alias| alias.overrides))
    }

    /// Whether the word is an alias at all.
    pub(crate) fn alias(&self, word: &str) -> Result<bool, Problem> {
        Ok(self.family.voice == Voice::Toolkit && self.config()?.aliases.contains_key(word))
    }

    /// Replaces the alias that the line begins with, and resolves the line again.
    pub(crate) fn expand(&self, mut call: Call) -> Result<Answer, Problem> {
        let name = &call.line[0].to_string_lossy().into_owned();
        let looped = call.chain.iter().any(|done| done == name);
        call.chain.push(name.clone());
        if looped || call.chain.len() > EXPANSIONS {
            return Err(Problem::AliasLoop(call.chain));
        }
        let alias = &self.config()?.aliases[name];
        if call.options.is_verbose() {
            self.warn(format!("alias {name} is: {}", alias.expansion));
        }
        let args = &call.line[1..];
        match &alias.expansion {
            Expansion::Shell(script) => self.shell(name, script, args, &call.options),
            Expansion::Words(words) => {
                let line = alias::fill(words, args).map_err(|needed| too_few(name, needed))?;
                let (options, line) = options::parse(&self.family, line)?;
                let options = options.before(call.options);
                if line.is_empty() {
                    return Err(Problem::Usage(
                        format!("alias \"{name}\" names no command"),
                        None,
                    ));
                }
                self.resolve(Call {
                    options,
                    line,
                    chain: call.chain,
                })
            }
        }
    }

    fn shell(
        &self,
        name: &str,
        script: &str,
        args: &[OsString],
        options: &Options,
    ) -> Result<Answer, Problem> {
        let invocation = format!("{} {name}", self.family.name);
        let called = Called {
            command: name.to_owned(),
            invocation,
        };
        let dirs = places::exec_dirs(self.input, options.exec_path.as_deref());
        let exec_dir = dirs
            .first()
            .map_or(PathBuf::from("/"), |place| place.dir.clone());
        let target = Target {
            program: "/bin/sh".into(),
            exec_dir,
            called,
        };
        let mut launch = self.launch(target, &[], options)?;
        launch.args = alias::shell(name, script, args);
        Ok(Answer::Launch(launch))
    }
}

fn too_few(name: &str, needed: usize) -> Problem {
    let plural = if needed == 1 { "" } else { "s" };
    Problem::Usage(
        format!("alias \"{name}\" needs {needed} argument{plural}"),
        None,
    )
}

#[cfg(test)]
mod tests {
    use crate::testing::{Fake, becomes, launch, problem};

    fn files(aliases: &str) -> Fake {
        let files = Fake::default()
            .program("/opt/bin/nova-vm")
            .program("/a/nova-hello");
        files.config(&format!("[aliases]\n{aliases}\n"))
    }

    #[test]
    fn an_alias_is_resolved_again_with_its_arguments() {
        let files =
            files("ll = 'vm list -o wide'\nsh = ['vm', 'exec', '$1', '--', 'sh']\nl = 'll'");
        assert_eq!(
            becomes(&files, "nova ll -w"),
            "/opt/bin/nova-vm list -o wide -w"
        );
        assert_eq!(becomes(&files, "nova l"), "/opt/bin/nova-vm list -o wide");
        assert_eq!(
            becomes(&files, "nova sh web -l"),
            "/opt/bin/nova-vm exec web -- sh -l"
        );
        assert_eq!(
            problem(&files, "nova sh").to_string(),
            "alias \"sh\" needs 1 argument"
        );
    }

    #[test]
    fn an_alias_may_begin_with_options() {
        let launch = launch(&files("p = '-n prod vm list'"), "nova p");
        assert_eq!(launch.var("NOVA_NAMESPACE").unwrap(), "prod");
    }

    #[test]
    fn aliases_come_last_unless_they_override() {
        let files = files("hello = 'vm list'\nvm = 'hello'");
        assert_eq!(becomes(&files, "nova hello"), "/a/nova-hello");
        assert_eq!(becomes(&files, "nova vm"), "/opt/bin/nova-vm");
        let files = self::files("hello = { command = 'vm list', override = true }");
        assert_eq!(becomes(&files, "nova hello"), "/opt/bin/nova-vm list");
    }

    #[test]
    fn an_overriding_alias_can_call_what_it_overrides() {
        let files = files("hello = { command = 'hello --loud', override = true }");
        assert_eq!(
            becomes(&files, "nova hello you"),
            "/a/nova-hello --loud you"
        );
    }

    #[test]
    fn loops_are_shown_as_a_chain() {
        let found = problem(&files("a = 'b'\nb = 'a'"), "nova a");
        assert_eq!(
            (found.to_string().as_str(), found.code()),
            ("alias loop: a -> b -> a", 3)
        );
        assert_eq!(
            problem(&files("a = 'a'"), "nova a").to_string(),
            "alias loop: a -> a"
        );
        let chain = "abcdefghijklmn"
            .as_bytes()
            .windows(2)
            .fold(String::new(), |chain, pair| {
                format!(
                    "{chain}{} = '{}'\n",
                    char::from(pair[0]),
                    char::from(pair[1])
                )
            });
        assert_eq!(problem(&files(&chain), "nova a").code(), 3);
    }

    #[test]
    fn a_shell_alias_runs_sh_with_the_arguments() {
        let launch = launch(&files("x = '!echo \"$2\"'"), "nova x 1 2");
        assert_eq!(launch.program.to_str(), Some("/bin/sh"));
        assert_eq!(launch.args, ["sh", "-c", "echo \"$2\"", "x", "1", "2"]);
        assert_eq!(launch.var("NOVA_COMMAND").unwrap(), "x");
    }

    #[test]
    fn a_broken_configuration_is_named_when_it_is_needed() {
        let files = files("x = = 1");
        let found = problem(&files, "nova x");
        assert_eq!(found.code(), 3);
        assert!(
            found
                .to_string()
                .contains("/h/.config/nova/config.toml: line 2"),
            "{found}"
        );
        assert_eq!(becomes(&files, "nova hello"), "/a/nova-hello");
    }

    #[test]
    fn gonuget_has_no_aliases() {
        let files = files("x = 'config'").program("/opt/bin/gonuget-config");
        assert_eq!(problem(&files, "gonuget x").code(), 2);
    }
}
