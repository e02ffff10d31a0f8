//! The cloud-init seed of a VM, from what the spec says about its guest.

use nova_api::types::{GuestSpec, VirtualMachine};
use serde_json::{Value, json};

use crate::api::error::Cause;
use crate::engine::CloudInit;

/// The seed, where the spec asks for one.
pub(super) fn seed(vm: &VirtualMachine, faults: &mut Vec<Cause>) -> Option<CloudInit> {
    let guest = vm.spec.guest.as_ref()?;
    let given = guest.cloud_init.clone();
    let keys = guest.ssh_keys.as_deref().unwrap_or_default();
    if given.is_none() && keys.is_empty() && guest.user.is_none() && guest.timezone.is_none() {
        return None;
    }
    let given = given.unwrap_or_default();
    if given.user_data_secret_ref.is_some() {
        let text = "secrets are not supported by this server yet";
        faults.push(Cause::forbidden(
            "spec.guest.cloudInit.userDataSecretRef",
            text,
        ));
    }
    let hostname = guest
        .hostname
        .clone()
        .unwrap_or_else(|| vm.metadata.name.clone());
    Some(CloudInit {
        user_data: given
            .user_data
            .or_else(|| Some(user_data(guest, &hostname))),
        network_data: given.network_data,
        vendor_data: given.vendor_data,
        hostname,
    })
}

/// User data from the short fields. JSON is YAML, so nothing needs quoting rules.
fn user_data(guest: &GuestSpec, hostname: &str) -> String {
    let mut doc = json!({"hostname": hostname});
    let keys = guest.ssh_keys.as_deref().unwrap_or_default();
    match &guest.user {
        Some(user) => {
            let user = json!({
                "name": user, "ssh_authorized_keys": keys, "shell": "/bin/sh",
                "sudo": "ALL=(ALL) NOPASSWD:ALL",
            });
            doc["users"] = json!(["default", user]);
        }
        None if !keys.is_empty() => doc["ssh_authorized_keys"] = json!(keys),
        None => {}
    }
    if let Some(zone) = &guest.timezone {
        doc["timezone"] = Value::String(zone.clone());
    }
    format!("#cloud-config\n{doc}\n")
}

#[cfg(test)]
mod tests {
    use nova_api::types::VmSpec;

    use super::*;

    fn seed_of(guest: &Value) -> Option<CloudInit> {
        let spec: VmSpec = serde_json::from_value(json!({"guest": guest})).unwrap();
        seed(&VirtualMachine::new("web", spec), &mut Vec::new())
    }

    #[test]
    fn nothing_said_makes_no_seed() {
        assert_eq!(seed_of(&json!({"agent": "auto"})), None);
    }

    #[test]
    fn keys_become_user_data_and_given_user_data_wins() {
        let made = seed_of(&json!({"sshKeys": ["ssh-ed25519 AAAA"]})).unwrap();
        assert_eq!(made.hostname, "web");
        let text = made.user_data.unwrap();
        assert!(text.starts_with("#cloud-config\n{"), "{text}");
        assert!(text.contains("ssh-ed25519 AAAA"), "{text}");
        let given = seed_of(&json!({"sshKeys": ["k"], "cloudInit": {"userData": "#!/bin/sh"}}));
        assert_eq!(given.unwrap().user_data.as_deref(), Some("#!/bin/sh"));
    }
}
