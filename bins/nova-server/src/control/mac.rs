//! Hardware addresses that stay the same for the life of a VM.

use sha2::{Digest, Sha256};

/// The address of interface `nic` of the VM `uid`: in QEMU's range, and the same at every start.
pub(super) fn stable_mac(uid: &str, nic: &str) -> String {
    let digest = Sha256::new()
        .chain_update(uid)
        .chain_update([0])
        .chain_update(nic)
        .finalize();
    format!(
        "52:54:00:{:02x}:{:02x}:{:02x}",
        digest[0], digest[1], digest[2]
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_depends_on_machine_and_interface_alone() {
        assert_eq!(stable_mac("a", "net0"), stable_mac("a", "net0"));
        assert_ne!(stable_mac("a", "net0"), stable_mac("a", "net1"));
        assert_ne!(stable_mac("a", "net0"), stable_mac("b", "net0"));
        assert!(stable_mac("a", "net0").starts_with("52:54:00:"));
    }
}
