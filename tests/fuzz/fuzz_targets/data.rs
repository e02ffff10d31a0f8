//! The object that expressions run on: every kind of value, nested both ways.

use std::sync::LazyLock;

use serde_json::{Value, json};

pub static OBJECT: LazyLock<Value> = LazyLock::new(|| {
    json!({
        "apiVersion": "nova.dev/v1", "kind": "VirtualMachine",
        "metadata": {
            "name": "web-1", "labels": {"app": "web", "tier": "front"},
            "annotations": {"note": "a <b> & \"c\"\n\u{2028}é", "nova.dev/owner": "alice"},
        },
        "spec": {
            "cpus": 2, "memory": "512Mi", "ports": [80, 443], "empty": {}, "none": [], "nul": null,
            "disks": [{"name": "root", "boot": true, "size": "10Gi"}, {"name": "data", "boot": false}],
            "numbers": [0, -1, i64::MAX, i64::MIN, u64::MAX, 0.5, 1e21, 1e-7, 123456.5],
            "nested": [[1, 2], [{"a": 1}], []], "": 5, "a b": 4, "é": 10,
        },
        "status": {"load": 0.25, "conditions": [{"type": "Ready", "status": "True"}]},
        "items": [{"metadata": {"name": "x"}}, {"metadata": {}}],
    })
});
