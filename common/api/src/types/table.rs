//! `meta.k8s.io/v1` Table: a list as the server would print it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::meta::ListMeta;

/// Media type that asks for a table, with plain objects as second choice.
pub const TABLE_ACCEPT: &str = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";

/// A list or object as rows of cells.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Table {
    /// `Table`.
    pub kind: String,
    /// `meta.k8s.io/v1`.
    pub api_version: String,
    /// Revision and paging.
    pub metadata: ListMeta,
    /// Columns; empty in later events of a watch.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub column_definitions: Vec<ColumnDefinition>,
    /// Rows in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rows: Vec<TableRow>,
}

/// One column.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ColumnDefinition {
    /// Header.
    pub name: String,
    /// `string`, `integer`, `number`, `boolean` or `date`.
    #[serde(rename = "type")]
    pub type_: String,
    /// `name` marks the name column.
    pub format: String,
    /// What it shows.
    pub description: String,
    /// 0 is always shown, larger ones only when there is room for more.
    pub priority: i32,
}

/// One row.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TableRow {
    /// Values, one per column.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cells: Vec<Value>,
    /// The object, its metadata, or nothing.
    #[serde(skip_serializing_if = "Value::is_null")]
    pub object: Value,
    /// Kubernetes' marks, such as `Completed`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Value>,
}
