//! Kernel modules: which ones are needed, in which order they load, and their plain bytes.
//!
//! Packages carry no `modules.dep`; depmod writes it at installation. We read what depmod reads,
//! the `.modinfo` section of every module, and write the file for the guest ourselves.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;

use super::Error;
use super::elf::Elf;
use super::run::run;

/// The modules of one kernel, below `lib/modules/RELEASE`.
pub(crate) struct Modules {
    root: PathBuf,
    paths: BTreeMap<String, PathBuf>,
    builtin: BTreeSet<String>,
    busybox: PathBuf,
}

/// One module to put into the image.
#[derive(Debug)]
pub(crate) struct Module {
    /// Name with underscores, as the kernel prints it.
    pub(crate) name: String,
    /// Path below `lib/modules/RELEASE`, without a compression suffix.
    pub(crate) path: String,
    /// Uncompressed object file.
    pub(crate) data: Vec<u8>,
    /// Names of the modules it uses directly.
    pub(crate) depends: Vec<String>,
}

impl Modules {
    /// Indexes the tree at `root`; `busybox` decompresses where the machine has no `xz`.
    pub(crate) fn index(root: &Path, busybox: &Path) -> Result<Self, Error> {
        let mut paths = BTreeMap::new();
        walk(&root.join("kernel"), &mut paths)?;
        let list = root.join("modules.builtin");
        let list = fs::read_to_string(&list).map_err(Error::io("read", &list))?;
        let builtin = list
            .lines()
            .filter_map(|line| module_name(Path::new(line)))
            .collect();
        Ok(Self {
            root: root.to_owned(),
            paths,
            builtin,
            busybox: busybox.to_owned(),
        })
    }

    /// Whether `name` can be had: as a module or as a part of the kernel.
    pub(crate) fn knows(&self, name: &str) -> bool {
        self.paths.contains_key(name) || self.builtin.contains(name)
    }

    /// The wanted modules and all that they need, each after those it needs. Parts of the kernel
    /// itself need no loading and are left out.
    pub(crate) fn closure(&self, wanted: &[&str]) -> Result<Vec<Module>, Error> {
        let mut ordered = Vec::new();
        for name in wanted {
            self.visit(name, &mut ordered)?;
        }
        Ok(ordered)
    }

    // Modules cannot need one another in a circle: the kernel could not load them.
    fn visit(&self, name: &str, ordered: &mut Vec<Module>) -> Result<(), Error> {
        if self.builtin.contains(name) || ordered.iter().any(|module| module.name == name) {
            return Ok(());
        }
        let module = self.load(name)?;
        for needed in &module.depends {
            self.visit(needed, ordered)?;
        }
        ordered.push(module);
        Ok(())
    }

    fn load(&self, name: &str) -> Result<Module, Error> {
        let path = self.paths.get(name);
        let path = path.ok_or_else(|| Error::KernelIncomplete {
            what: format!("module `{name}`"),
        })?;
        let data = self.read(path)?;
        let depends = depends(&data).ok_or_else(|| Error::Malformed { path: path.clone() })?;
        let inside = path
            .strip_prefix(&self.root)
            .unwrap_or(path)
            .to_string_lossy();
        let end = inside.find(".ko").map_or(inside.len(), |at| at + 3);
        Ok(Module {
            name: name.to_owned(),
            path: inside[..end].to_owned(),
            data,
            depends,
        })
    }

    /// Decompressed here once, so that no guest has to do it at every boot.
    fn read(&self, path: &Path) -> Result<Vec<u8>, Error> {
        let unpack =
            |program: &Path, args: &[&str]| run(program, |program| program.args(args).arg(path));
        match path.extension().and_then(|suffix| suffix.to_str()) {
            Some("xz") if which::which("xz").is_ok() => unpack(Path::new("xz"), &["-dc"]),
            Some("xz") => unpack(&self.busybox, &["xz", "-dc"]),
            Some("zst") => unpack(Path::new("zstd"), &["-dcq"]),
            Some("gz") => gunzip(path),
            _ => fs::read(path).map_err(Error::io("read", path)),
        }
    }
}

/// The lines of `modules.dep` for `modules`: a path and all that it needs, nearest first.
pub(crate) fn dep_file(modules: &[Module]) -> String {
    let by_name: BTreeMap<_, _> = modules
        .iter()
        .map(|module| (module.name.as_str(), module))
        .collect();
    let mut lines = Vec::new();
    for module in modules {
        let mut needed = Vec::new();
        collect(&by_name, module, &mut needed);
        let line = std::iter::once(format!("{}:", module.path))
            .chain(needed.into_iter().map(str::to_owned));
        lines.push(line.collect::<Vec<_>>().join(" ") + "\n");
    }
    lines.concat()
}

fn collect<'a>(by_name: &BTreeMap<&str, &'a Module>, module: &Module, needed: &mut Vec<&'a str>) {
    for next in module
        .depends
        .iter()
        .filter_map(|name| by_name.get(name.as_str()))
    {
        // A module that several others need has to stand behind the last of them.
        needed.retain(|path| *path != next.path);
        needed.push(&next.path);
        collect(by_name, next, needed);
    }
}

fn walk(dir: &Path, paths: &mut BTreeMap<String, PathBuf>) -> Result<(), Error> {
    for entry in fs::read_dir(dir).map_err(Error::io("read", dir))? {
        let path = entry.map_err(Error::io("read", dir))?.path();
        if path.is_dir() {
            walk(&path, paths)?;
        } else if let Some(name) = module_name(&path) {
            paths.insert(name, path);
        }
    }
    Ok(())
}

fn module_name(path: &Path) -> Option<String> {
    let file = path.file_name()?.to_str()?;
    let (stem, _) = file.split_once(".ko")?;
    Some(stem.replace('-', "_"))
}

fn depends(object: &[u8]) -> Option<Vec<String>> {
    let info = Elf::parse(object)?.section(".modinfo")?;
    let mut fields = info
        .split(|byte| *byte == 0)
        .filter_map(|field| std::str::from_utf8(field).ok());
    let list = fields
        .find_map(|field| field.strip_prefix("depends="))
        .unwrap_or_default();
    Some(
        list.split(',')
            .filter(|name| !name.is_empty())
            .map(|name| name.replace('-', "_"))
            .collect(),
    )
}

fn gunzip(path: &Path) -> Result<Vec<u8>, Error> {
    let file = fs::File::open(path).map_err(Error::io("read", path))?;
    let mut data = Vec::new();
    GzDecoder::new(file)
        .read_to_end(&mut data)
        .map_err(Error::io("decompress", path))?;
    Ok(data)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn module(name: &str, depends: &[&str]) -> Module {
        let depends = depends.iter().map(|name| (*name).to_owned()).collect();
        Module {
            name: name.into(),
            path: format!("kernel/{name}.ko"),
            data: Vec::new(),
            depends,
        }
    }

    #[test]
    fn names_use_underscores_whatever_the_compression() {
        assert_eq!(
            module_name(Path::new("kernel/a/virtio-rng.ko.xz")).unwrap(),
            "virtio_rng"
        );
        assert_eq!(module_name(Path::new("evdev.ko")).unwrap(), "evdev");
        assert_eq!(module_name(Path::new("modules.order")), None);
    }

    #[test]
    fn dep_file_names_everything_needed_with_the_deepest_last() {
        let modules = [
            module("ring", &[]),
            module("virtio", &["ring"]),
            module("legacy", &[]),
            module("pci", &["virtio", "ring", "legacy"]),
        ];
        let text = dep_file(&modules);
        let last = text.lines().last().unwrap();
        assert_eq!(
            last,
            "kernel/pci.ko: kernel/virtio.ko kernel/ring.ko kernel/legacy.ko"
        );
        assert!(text.starts_with("kernel/ring.ko:\n"));
    }
}
