//! Programs that tests need beside ours, installed by `tests/peers/*.sh`.

use std::path::{Path, PathBuf};

/// A program of somebody else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Peer {
    Qemu,
    Zsh,
    Fish,
}

impl Peer {
    fn program(self) -> &'static str {
        match self {
            Self::Qemu => "qemu-system-x86_64",
            Self::Zsh => "zsh",
            Self::Fish => "fish",
        }
    }
}

/// Whether the peer is here. A missing one is a failure under `NOVA_TEST_PEERS=required`; elsewhere
/// the test says that it was skipped, by name.
pub(crate) fn need(peer: Peer, test: &str) -> bool {
    let program = peer.program();
    let dirs = ["/usr/local/bin", "/usr/bin", "/bin"];
    if dirs
        .iter()
        .any(|dir| Path::new(dir).join(program).is_file())
    {
        return true;
    }
    let required = std::env::var_os("NOVA_TEST_PEERS").is_some_and(|value| value == "required");
    assert!(
        !required,
        "{test} needs {program}: run tests/peers/{}.sh",
        script(peer).display()
    );
    eprintln!("skipped: {test} ({program} is not installed)");
    false
}

fn script(peer: Peer) -> PathBuf {
    PathBuf::from(match peer {
        Peer::Qemu => "qemu",
        Peer::Zsh | Peer::Fish => "shells",
    })
}
