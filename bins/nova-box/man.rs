//! Manual pages of every tool and verb, from the same text as `--help`.

use std::path::Path;

use clap::Command;
use nova_core::fs::{PUBLIC, write_atomic, write_failure};
use nova_core::{Context, Kind, Result};

/// Writes `DIR/nova-vm.1`, `DIR/nova-vm-create.1` and so on.
pub(crate) fn write_all(dir: &Path) -> Result<()> {
    std::fs::create_dir_all(dir).map_err(|error| write_failure(dir, &error))?;
    for command in crate::tools::commands() {
        // Fixed width, so that pages do not depend on who writes them.
        write_tree(dir, command.term_width(100).disable_help_subcommand(true))?;
    }
    Ok(())
}

fn write_tree(dir: &Path, mut command: Command) -> Result<()> {
    command.build();
    write_page(dir, &command)
}

fn write_page(dir: &Path, command: &Command) -> Result<()> {
    let name = command
        .get_display_name()
        .unwrap_or(command.get_name())
        .to_owned();
    let mut page = Vec::new();
    clap_mangen::Man::new(command.clone())
        .title(name.to_uppercase())
        .section("1")
        .date("")
        .source("nova")
        .manual("Nova manual")
        .render(&mut page)
        .context(Kind::Internal, || format!("writing the page of {name}"))?;
    let path = dir.join(format!("{name}.1"));
    write_atomic(&path, &page, PUBLIC).map_err(|error| write_failure(&path, &error))?;
    command
        .get_subcommands()
        .try_for_each(|inner| write_page(dir, inner))
}
