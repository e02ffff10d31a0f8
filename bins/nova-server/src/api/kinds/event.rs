//! `Event`: Kubernetes' own kind.

use nova_api::types::{Event, Resource};
use serde_json::{Value, json};

use super::{FULL, Kind, Plain, text, unknown_of};
use crate::api::columns::{Cell, Column};

pub(super) static KIND: Kind = Kind {
    info: Event::INFO,
    categories: &[],
    verbs: FULL,
    columns: &[
        Column {
            name: "Last Seen",
            kind: "string",
            format: "",
            path: ".lastTimestamp",
            priority: 0,
            about: "Time since it last happened",
            cell: Cell::Age("/lastTimestamp"),
        },
        Column::text("Type", ".type", Cell::At("/type"), "Normal or Warning"),
        Column::text(
            "Reason",
            ".reason",
            Cell::At("/reason"),
            "What happened, in one word",
        ),
        Column::text(
            "Object",
            ".involvedObject.name",
            Cell::By(object),
            "Object it happened to",
        ),
        Column::text("Message", ".message", Cell::At("/message"), "What happened"),
        Column::text("Count", ".count", Cell::At("/count"), "How often")
            .integer()
            .wide(),
        Column::text(
            "Source",
            ".source.component",
            Cell::At("/source/component"),
            "Who saw it",
        )
        .wide(),
        Column::name().wide(),
    ],
    selectable: &[
        "involvedObject.kind",
        "involvedObject.namespace",
        "involvedObject.name",
        "involvedObject.uid",
        "involvedObject.apiVersion",
        "involvedObject.resourceVersion",
        "involvedObject.fieldPath",
        "reason",
        "reportingComponent",
        "source",
        "type",
    ],
    subresources: &[],
    unknown: unknown_of::<Event>,
    rules: &Plain,
};

fn object(event: &Value) -> Value {
    let kind = text(event, "/involvedObject/kind").to_ascii_lowercase();
    json!(format!("{kind}/{}", text(event, "/involvedObject/name")))
}
