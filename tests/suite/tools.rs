//! Every verb of the smaller tools, on the real engine.

use crate::support::{Peer, Sandbox, Server, need};

#[test]
fn images_namespaces_nodes_cluster_and_operations_answer_on_qemu() {
    let test = "images_namespaces_nodes_cluster_and_operations_answer_on_qemu";
    if !need(Peer::Qemu, test) {
        return;
    }
    let sandbox = Sandbox::new();
    let _server = Server::start(&sandbox, "qemu");
    sandbox.run("nova image build tiny").ok();
    assert_eq!(
        sandbox.run("nova image build tiny").ok(),
        "image/tiny unchanged\n"
    );
    images(&sandbox);
    namespaces(&sandbox);
    sandbox
        .run("nova vm create a --image tiny --memory 256Mi")
        .ok();
    sandbox
        .run("nova image delete tiny -n public -y")
        .fails(4, &["tiny"]);
    cluster_and_node(&sandbox);
    operations(&sandbox);
    sandbox.run("nova vm delete a -y --force").ok();
    sandbox.nothing_is_left();
}

fn images(sandbox: &Sandbox) {
    sandbox.import_stub_image("stub");
    let list = sandbox.run("nova image list -A").ok();
    assert!(list.contains("tiny") && list.contains("stub"), "{list}");
    let stub = sandbox.run("nova image get stub -o json").json();
    assert_eq!(stub["status"]["phase"], "Ready", "{stub}");
    let backed = sandbox.home().join("backed.qcow2");
    let made = sandbox.run(&format!(
        "qemu-img create -q -f qcow2 -F raw -b {} {}",
        sandbox.home().join("stub.img").display(),
        backed.display()
    ));
    made.ok();
    sandbox
        .run(&format!("nova image import {}", backed.display()))
        .fails(3, &["backing"]);
    let digest = "0".repeat(64);
    let line = format!(
        "nova image import {} --name other --sha256 {digest}",
        sandbox.home().join("stub.img").display()
    );
    sandbox.run(&line).fails(7, &["sha256"]);
    sandbox.run("nova image delete stub -y").ok();
    sandbox.run("nova image get stub").fails(11, &["stub"]);
}

fn namespaces(sandbox: &Sandbox) {
    sandbox.run("nova namespace create team").ok();
    let list = sandbox.run("nova namespace list -o name").ok();
    assert_eq!(
        list,
        "namespace/default\nnamespace/public\nnamespace/team\n"
    );
    assert!(
        sandbox
            .run("nova namespace get team")
            .ok()
            .contains("Active")
    );
    sandbox
        .run("nova vm create b --image tiny --memory 256Mi --no-start -n team")
        .ok();
    sandbox.run("nova namespace delete team -y").ok();
    sandbox.run("nova namespace get team").fails(11, &["team"]);
    sandbox.run("nova vm get b -n team").fails(11, &["\"b\""]);
    let kept = sandbox.run("nova namespace delete default -y");
    assert_ne!(kept.code, 0, "{kept}");
}

fn cluster_and_node(sandbox: &Sandbox) {
    assert!(sandbox.run("nova cluster info").ok().contains("qemu"));
    assert!(
        sandbox
            .run("nova cluster status")
            .ok()
            .contains("Running 1")
    );
    assert!(sandbox.run("nova cluster health").ok().contains("ok"));
    let node = sandbox.run("nova node list -o name").ok();
    let shown = sandbox
        .run(&format!("nova node get {} -o json", node.trim()))
        .json();
    assert_eq!(shown["status"]["phase"], "Ready", "{shown}");
}

fn operations(sandbox: &Sandbox) {
    let list = sandbox.run("nova operation list -o json").json();
    let items = list["items"].as_array().unwrap();
    let create = items
        .iter()
        .find(|op| op["spec"]["verb"] == "create" && op["spec"]["target"]["name"] == "a")
        .unwrap();
    let name = create["metadata"]["name"].as_str().unwrap();
    assert!(
        sandbox
            .run(&format!("nova operation get {name}"))
            .ok()
            .contains("Succeeded")
    );
    sandbox.run(&format!("nova operation wait {name}")).ok();
    // Over already: nothing is left to cancel, and that is said rather than done.
    let late = sandbox.run(&format!("nova operation cancel {name}"));
    assert!(
        late.stdout.contains("unchanged") || late.code != 0,
        "{late}"
    );
    sandbox.run("nova operation get nope").fails(11, &["nope"]);
}
