//! `nova image build`: make an image on this machine and give it to the server.

use nova_api::client::Api;
use nova_api::{
    ImageAgent, ImageFile, ImageFiles, ImageSource, ImageSpec, ImageType, PUBLIC_NAMESPACE,
    Quantity, ResourceName,
};
use nova_core::progress::{Amount, Progress};
use nova_core::{Cx, Outcomes, Result};
use nova_http::block_on;

use crate::publish::{Draft, Present, publish};
use crate::tiny::{self, Built, Step};

/// The guest needs about 100 MiB: half of its memory may hold files, and these are 10 MB.
const MIN_MEMORY: u64 = 128 << 20;

/// Build an image from the distribution's packages
///
/// `tiny` is a kernel with a shell and the QEMU guest agent, made for tests and first steps. Its
/// packages are downloaded by apt, which verifies them, and unpacked into the cache; nothing is
/// installed. The same packages give the same image, and an image that is there already is left
/// alone. It is stored in namespace public, where every namespace finds it.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n\
\x20 nova image build tiny\n\
\x20 nova vm create web-1 --image tiny")]
pub(crate) struct BuildArgs {
    /// What to build
    #[arg(value_name = "RECIPE")]
    recipe: Recipe,

    /// Name of the image; the recipe's by default
    #[arg(long, value_name = "NAME")]
    name: Option<ResourceName>,

    /// Build anew even if the cache has the result
    #[arg(long)]
    force: bool,

    /// Build, but give nothing to the server
    #[arg(long)]
    dry_run: bool,
}

/// Images that can be built here.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Recipe {
    /// Kernel, shell and guest agent
    Tiny,
}

pub(crate) fn run(cx: &Cx, args: &BuildArgs) -> Result<Outcomes> {
    let Recipe::Tiny = args.recipe;
    let name = args.name.as_ref().map_or("tiny", ResourceName::as_str);
    // Built before the server is asked: what cannot be built needs no server.
    let built = build(cx, args.force)?;
    let draft = Draft {
        name: name.to_owned(),
        spec: spec(&built),
        files: vec![("kernel", built.kernel.path), ("initrd", built.initrd.path)],
        done: "built",
        present: Present::Replace,
        dry_run: args.dry_run,
    };
    block_on(async {
        let images = Api::connect(cx).await?.images();
        let images = images.in_namespace(PUBLIC_NAMESPACE);
        Ok(Outcomes::with_objects(vec![
            publish(cx, &images, &draft).await,
        ]))
    })
}

fn build(cx: &Cx, force: bool) -> Result<Built> {
    let cache = cx.paths()?.cache.join("tiny");
    let progress = cx.progress("building image/tiny");
    let built = tiny::build(&cache, force, &mut |step| show(&progress, step))?;
    progress.finish();
    Ok(built)
}

fn show(progress: &Progress, step: Step) {
    progress.phase(match step {
        Step::Resolving => "find packages",
        Step::Updating => "update package lists",
        Step::Downloading { .. } => "download packages",
        Step::Unpacking => "unpack packages",
        Step::Packing => "write the initial RAM disk",
    });
    if let Step::Downloading { done, total } = step {
        progress.update(Amount {
            current: done,
            total,
            unit: "bytes",
        });
    }
}

fn spec(built: &Built) -> ImageSpec {
    let file = |file: &tiny::ImageFile, format: &str| ImageFile {
        sha256: Some(file.sha256.clone()),
        size: Some(Quantity::from_bytes(file.size)),
        format: Some(format.to_owned()),
    };
    ImageSpec {
        type_: Some(ImageType::Direct),
        source: Some(ImageSource {
            build: Some("tiny".to_owned()),
            ..ImageSource::default()
        }),
        files: Some(ImageFiles {
            kernel: Some(file(&built.kernel, "kernel")),
            initrd: Some(file(&built.initrd, "initramfs")),
            disk: None,
        }),
        cmdline: Some(built.cmdline.clone()),
        os: Some(format!("linux {}", built.release)),
        arch: Some(built.arch.clone()),
        min_memory: Some(Quantity::from_bytes(MIN_MEMORY)),
        agent: Some(ImageAgent::Qga),
        default_user: Some("root".to_owned()),
        ..ImageSpec::default()
    }
}
