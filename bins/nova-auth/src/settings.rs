//! What the configuration says about credentials; `nova-config` alone writes it.

use std::path::{Path, PathBuf};

use nova_core::config::{ClusterConfig, ContextConfig};
use nova_core::exec::Program;
use nova_core::{Cx, Failure, Kind, Result};

/// The context in force with its cluster, where it leads to a server elsewhere.
pub(crate) fn remote_context(cx: &Cx) -> Result<Option<(ContextConfig, ClusterConfig)>> {
    let config = cx.config()?;
    let Some(context) = config.context(cx.globals().context.as_deref())? else {
        return Ok(None);
    };
    let cluster = context
        .cluster
        .as_deref()
        .and_then(|name| config.cluster(name));
    let cluster = cluster.filter(|cluster| !cluster.server.starts_with("unix:"));
    Ok(cluster.map(|cluster| (context, cluster)))
}

/// Changes the configuration through its own tool, which keeps comments, locks the file and stores
/// secrets where only their owner reads them.
pub(crate) fn change(cx: &Cx, arguments: &[&str], input: &str) -> Result<()> {
    let beside = cx.exec_dir().map(|dir| dir.join("nova-config"));
    let program = beside
        .filter(|path| path.exists())
        .unwrap_or_else(|| PathBuf::from("nova-config"));
    let ran = Program::new(program).args(arguments).input(input).run()?;
    if ran.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&ran.stderr);
    let error = said.lines().find_map(|line| line.strip_prefix("error: "));
    let words = error.map_or_else(|| ran.last_error_line(), str::to_owned);
    let mut failure = Failure::new(
        Kind::Config,
        format!("the configuration was not changed: {words}"),
    );
    if let Some(hint) = said.lines().find_map(|line| line.strip_prefix("hint: ")) {
        failure = failure.with_hint(hint);
    }
    Err(failure)
}

/// A token from a file or from standard input, checked for being one line.
pub(crate) fn token(file: Option<&Path>, stdin: bool) -> Result<String> {
    use nova_core::Context;
    use std::io::Read;
    let mut text = String::new();
    match file {
        Some(path) => {
            text = std::fs::read_to_string(path)
                .context(Kind::Config, || format!("cannot read {}", path.display()))?;
        }
        None if stdin => {
            // A token is short; more than this is something else.
            std::io::stdin()
                .take(64 * 1024)
                .read_to_string(&mut text)
                .context(Kind::Config, || {
                    "cannot read the token from standard input".into()
                })?;
        }
        None => {}
    }
    let token = text.trim();
    if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Failure::new(Kind::Config, "what was read is not a token")
            .with_hint("a token is one line of printable characters"));
    }
    Ok(token.to_owned())
}
