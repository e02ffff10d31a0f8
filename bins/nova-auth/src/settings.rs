//! What the configuration says about credentials; `nova-config` alone writes it.

use std::path::PathBuf;

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
