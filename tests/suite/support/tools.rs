//! Where the executables under test are.

use std::path::{Path, PathBuf};

/// Every tool by the name on PATH.
pub(crate) const TOOLS: [&str; 14] = [
    "nova",
    "ghost",
    "gonuget",
    "nova-auth",
    "nova-cluster",
    "nova-completion",
    "nova-config",
    "nova-image",
    "nova-namespace",
    "nova-node",
    "nova-object",
    "nova-operation",
    "nova-server",
    "nova-vm",
];

/// Links every tool name into `dir`: to nova-box, or to the separate executables in
/// `NOVA_TEST_BIN_DIR`.
pub(crate) fn link_into(dir: &Path) {
    let separate = std::env::var_os("NOVA_TEST_BIN_DIR").map(PathBuf::from);
    for name in TOOLS {
        let target = separate
            .as_ref()
            .map_or_else(boxed, |dir| executable(dir, name));
        std::os::unix::fs::symlink(target, dir.join(name)).unwrap();
    }
}

fn boxed() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_nova-box"))
}

fn executable(dir: &Path, name: &str) -> PathBuf {
    let file = if matches!(name, "ghost" | "gonuget") {
        "nova"
    } else {
        name
    };
    Path::new(env!("CARGO_MANIFEST_DIR")).join(dir).join(file)
}
