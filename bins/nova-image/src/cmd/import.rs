//! `nova image import`: give the server a disk image from a file or an address.

use std::path::{Path, PathBuf};

use nova_api::client::Api;
use nova_api::{
    ImageAgent, ImageFile, ImageFiles, ImageSource, ImageSpec, ImageType, Quantity, ResourceName,
};
use nova_core::{Context, Cx, Failure, Kind, Outcomes, Result};
use sha2::Sha256;

use crate::publish::{Draft, Present, publish};
use crate::sniff::{self, Disk};
use crate::{digest, fetch};

/// Import a disk image
///
/// Reads qcow2 and raw disks. The format is told from the content, the digest is verified before
/// anything is uploaded, and a qcow2 file that refers to other files is refused.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n\
\x20 nova image import debian-12.qcow2\n\
\x20 nova image import https://example.org/disk.qcow2 --name base --sha256 DIGEST")]
pub(crate) struct ImportArgs {
    /// File, or address that starts with https://
    #[arg(value_name = "FILE|URL")]
    source: String,

    /// Name of the image; made from the file's by default
    #[arg(long, value_name = "NAME")]
    name: Option<ResourceName>,

    /// Digest that the file must have, 64 hexadecimal digits
    #[arg(long, value_name = "DIGEST", value_parser = parse_digest)]
    sha256: Option<String>,

    /// Operating system, for people who look at the list
    #[arg(long, value_name = "TEXT")]
    os: Option<String>,

    /// Processor architecture; this machine's by default
    #[arg(long, value_name = "ARCH", default_value = std::env::consts::ARCH)]
    arch: String,

    /// Agent in the image: qga, none
    #[arg(long, value_name = "AGENT", default_value = "none")]
    agent: Agent,

    /// Check everything, but give nothing to the server
    #[arg(long)]
    dry_run: bool,
}

/// Agents that an imported image may have.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Agent {
    /// The QEMU guest agent
    Qga,
    /// None
    None,
}

pub(crate) async fn run(cx: &Cx, args: &ImportArgs) -> Result<Outcomes> {
    let name = name(args)?;
    let download;
    let path = if fetch::is_address(&args.source) {
        download = fetch::download(cx, &args.source).await?;
        download.path()
    } else {
        Path::new(&args.source)
    };
    let spec = spec(args, path)?;
    let draft = Draft {
        name,
        spec,
        files: vec![("disk", PathBuf::from(path))],
        done: "imported",
        present: Present::Keep,
        dry_run: args.dry_run,
    };
    let images = Api::connect(cx).await?.images();
    Ok(Outcomes::with_objects(vec![
        publish(cx, &images, &draft).await,
    ]))
}

fn spec(args: &ImportArgs, path: &Path) -> Result<ImageSpec> {
    let reading = || format!("cannot read {}", path.display());
    let disk = sniff::disk(path).context(Kind::Config, reading)??;
    let (size, sha256) = digest::of_file::<Sha256>(path).context(Kind::Failed, reading)?;
    if let Some(wanted) = args.sha256.as_ref().filter(|wanted| **wanted != sha256) {
        return Err(Failure::new(
            Kind::Integrity,
            format!("the file has sha256 {sha256}, expected {wanted}"),
        ));
    }
    let Disk {
        format,
        virtual_size,
    } = disk;
    let file = ImageFile {
        sha256: Some(sha256),
        size: Some(Quantity::from_bytes(size)),
        format: Some(format.to_owned()),
    };
    Ok(ImageSpec {
        type_: Some(ImageType::Disk),
        source: Some(ImageSource {
            upload: Some(true),
            ..ImageSource::default()
        }),
        files: Some(ImageFiles {
            disk: Some(file),
            ..ImageFiles::default()
        }),
        os: args.os.clone(),
        arch: Some(args.arch.clone()),
        min_disk: Some(Quantity::from_bytes(virtual_size)),
        agent: Some(match args.agent {
            Agent::Qga => ImageAgent::Qga,
            Agent::None => ImageAgent::None,
        }),
        ..ImageSpec::default()
    })
}

fn name(args: &ImportArgs) -> Result<String> {
    if let Some(name) = &args.name {
        return Ok(name.as_str().to_owned());
    }
    let made = name_of(&args.source);
    let name: ResourceName = made.parse().map_err(|_| {
        Failure::usage(format!("no name can be made from {:?}", args.source))
            .with_hint("say --name NAME")
    })?;
    Ok(name.as_str().to_owned())
}

/// `https://x.org/Debian 12.qcow2?v=1` is called `debian-12`.
fn name_of(source: &str) -> String {
    let bare = if fetch::is_address(source) {
        source.split(['?', '#']).next().unwrap_or(source)
    } else {
        source
    };
    let file = bare.rsplit('/').next().unwrap_or(bare);
    let stem = [".qcow2", ".img", ".raw"]
        .iter()
        .find_map(|end| file.strip_suffix(end))
        .unwrap_or(file);
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() {
            c.to_ascii_lowercase()
        } else {
            '-'
        }
    };
    let name: String = stem.chars().map(plain).collect();
    name.trim_matches('-').to_owned()
}

fn parse_digest(text: &str) -> Result<String, String> {
    let digits = text
        .strip_prefix("sha256:")
        .unwrap_or(text)
        .to_ascii_lowercase();
    if digits.len() == 64 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Ok(digits);
    }
    Err("a SHA-256 digest has 64 hexadecimal digits".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_from_files_and_addresses() {
        assert_eq!(name_of("/images/Debian 12.qcow2"), "debian-12");
        assert_eq!(name_of("https://x.org/a/base_1.img?v=2#top"), "base-1");
        assert_eq!(name_of("disk"), "disk");
    }

    #[test]
    fn digests_are_read_in_both_spellings_and_any_case() {
        let digits = "AB".repeat(32);
        assert_eq!(
            parse_digest(&format!("sha256:{digits}")).unwrap(),
            digits.to_lowercase()
        );
        assert!(parse_digest("abc").is_err());
    }
}
