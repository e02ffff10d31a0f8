//! Manual pages of every tool and verb, from the same text as `--help`, and of every topic, from
//! the same text as `nova help TOPIC`.

use std::fmt::Write;
use std::io;
use std::path::Path;

use clap::Command;
use nova_core::fs::{PUBLIC, write_atomic, write_failure};
use nova_core::{Context, Kind, Result};

/// Writes `DIR/nova-vm.1`, `DIR/nova-vm-create.1` and so on, and `DIR/nova-formats.7` and so on.
pub(crate) fn write_all(dir: &Path) -> Result<()> {
    std::fs::create_dir_all(dir).map_err(|error| write_failure(dir, &error))?;
    for command in crate::tools::commands() {
        // Fixed width, so that pages do not depend on who writes them.
        write_tree(dir, command.term_width(100).disable_help_subcommand(true))?;
    }
    for (name, text) in nova_dispatch::topics() {
        save(dir, &format!("nova-{name}.7"), topic(name, text).as_bytes())?;
    }
    Ok(())
}

fn save(dir: &Path, name: &str, page: &[u8]) -> Result<()> {
    let path = dir.join(name);
    write_atomic(&path, page, PUBLIC).map_err(|error| write_failure(&path, &error))
}

fn write_tree(dir: &Path, command: Command) -> Result<()> {
    let typed = command.get_name().replacen('-', " ", 1);
    let mut command = command.bin_name(typed);
    command.build();
    write_page(dir, &command)
}

fn write_page(dir: &Path, command: &Command) -> Result<()> {
    if command.is_hide_set() {
        return Ok(());
    }
    let name = command
        .get_display_name()
        .unwrap_or(command.get_name())
        .to_owned();
    let mut page = Vec::new();
    render(command, &name, &mut page)
        .context(Kind::Internal, || format!("writing the page of {name}"))?;
    save(dir, &format!("{name}.1"), once(&page).as_bytes())?;
    command
        .get_subcommands()
        .try_for_each(|inner| write_page(dir, inner))
}

fn render(command: &Command, name: &str, page: &mut dyn io::Write) -> io::Result<()> {
    let man = clap_mangen::Man::new(command.clone())
        .title(name.to_uppercase())
        .section("1")
        .date("")
        .source("nova")
        .manual("Nova manual");
    man.render_title(page)?;
    man.render_name_section(page)?;
    let usage = command.clone().render_usage().to_string();
    let usage = usage.trim_start_matches("Usage: ");
    writeln!(page, ".SH SYNOPSIS\n.nf\n{}\n.fi", literal(usage))?;
    man.render_description_section(page)?;
    page.write_all(examples(command).as_bytes())?;
    man.render_options_section(page)?;
    if command.get_subcommands().any(|verb| !verb.is_hide_set()) {
        man.render_subcommands_section(page)?;
    }
    let also = match name.matches('-').count() {
        0 | 1 => String::from("nova"),
        _ => name
            .rsplit_once('-')
            .map_or(name, |(noun, _)| noun)
            .to_owned(),
    };
    writeln!(
        page,
        ".SH \"EXIT STATUS\"\nSee\n.BR nova\\-exit\\-codes (7).\n.SH \"SEE ALSO\"\n.BR {} (1),\n\
         .BR nova\\-environment (7),\n.BR nova\\-formats (7),\n.BR nova\\-exit\\-codes (7)",
        literal(&also)
    )
}

/// Every section comes with the same two lines about apostrophes; once is enough.
fn once(page: &[u8]) -> String {
    let text = String::from_utf8_lossy(page);
    let said = |line: &str| line.starts_with(".ie \\n(.g") || line.starts_with(".el .ds Aq");
    let lines = text.lines().enumerate();
    let kept = lines.filter(|(at, line)| *at < 2 || !said(line));
    kept.flat_map(|(_, line)| [line, "\n"]).collect()
}

/// The text after a command's help: `Examples:` and other headings, each with lines below it.
fn examples(command: &Command) -> String {
    let text = command
        .get_after_help()
        .map(ToString::to_string)
        .unwrap_or_default();
    let mut out = String::new();
    let mut open = false;
    for line in text.lines() {
        if let Some(title) = line.strip_suffix(':').filter(|line| !line.starts_with(' ')) {
            out.push_str(if open { ".EE\n" } else { "" });
            writeln!(out, ".SH {}\n.EX", literal(&title.to_uppercase())).unwrap_or_default();
            open = true;
        } else if !line.trim().is_empty() {
            if !open {
                out.push_str(".SH NOTES\n.EX\n");
                open = true;
            }
            writeln!(out, "{}", literal(line.trim_start())).unwrap_or_default();
        }
    }
    out.push_str(if open { ".EE\n" } else { "" });
    out
}

/// A topic's page: capitals are headings, indented lines are shown as they are, and the rest is
/// filled.
fn topic(name: &str, text: &str) -> String {
    let (first, body) = text.split_once('\n').unwrap_or((text, ""));
    let (_, about) = first.split_once(" - ").unwrap_or((name, ""));
    let mut out = format!(
        ".TH NOVA-{} 7 \"\" nova \"Nova manual\"\n.SH NAME\nnova\\-{} \\- {}\n.SH DESCRIPTION\n",
        name.to_uppercase(),
        literal(name),
        literal(about)
    );
    let mut shown = false;
    for paragraph in body.split("\n\n").map(|part| part.trim_matches('\n')) {
        let indented = paragraph.starts_with("    ");
        if !indented && paragraph.lines().count() == 1 && is_heading(paragraph) {
            writeln!(out, ".SH \"{}\"", literal(paragraph)).unwrap_or_default();
            continue;
        }
        out.push_str(if indented {
            ".PP\n.RS 4\n.EX\n"
        } else {
            ".PP\n"
        });
        for line in paragraph.lines() {
            let line = if indented {
                line.get(4..).unwrap_or("")
            } else {
                line
            };
            writeln!(out, "{}", literal(line)).unwrap_or_default();
        }
        out.push_str(if indented { ".EE\n.RE\n" } else { "" });
        shown |= indented;
    }
    debug_assert!(shown, "a topic without an example: {name}");
    out.push_str(".SH \"SEE ALSO\"\n.BR nova (1);\nthe same text: nova help ");
    out + &literal(name) + "\n"
}

fn is_heading(line: &str) -> bool {
    line.chars().any(char::is_alphabetic) && !line.chars().any(char::is_lowercase)
}

/// `text` as roff reads it back unchanged.
fn literal(text: &str) -> String {
    let text = text
        .replace('\\', "\\e")
        .replace('-', "\\-")
        .replace('\'', "\\(aq");
    let text = text
        .replace('`', "\\`")
        .replace('^', "\\(ha")
        .replace('~', "\\(ti");
    if text.starts_with('.') {
        format!("\\&{text}")
    } else {
        text
    }
}
