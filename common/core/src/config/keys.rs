//! The keys that the toolkit knows, with their types and defaults: the one table from which
//! checks, the schema and the documentation come.

use toml::Value;

use super::path;

/// What a key holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyType {
    /// Text.
    Text,
    /// A quantity such as `2`, `500m` or `512Mi`.
    Quantity,
    /// `true` or `false`.
    Bool,
    /// A whole number in a range.
    Int(i64, i64),
    /// A duration such as `30s`.
    Duration,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// An output format.
    Format,
    /// Several texts.
    TextList,
    /// An array of tables with a `name` each.
    NamedList,
}

/// One known key.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// Dotted path.
    pub name: &'static str,
    /// Type.
    pub kind: KeyType,
    /// Default, as TOML would read it.
    pub default: Option<&'static str>,
    /// One line for people.
    pub about: &'static str,
}

impl Key {
    /// The default as a value.
    #[must_use]
    pub fn default_value(&self) -> Option<Value> {
        let text = self.default?;
        Some(match self.kind {
            Int(..) => Value::Integer(text.parse().unwrap_or_default()),
            Bool => Value::Boolean(text == "true"),
            _ => Value::String(text.to_owned()),
        })
    }

    /// The fields of the tables of a named list.
    #[must_use]
    pub fn fields(&self) -> &'static [Self] {
        match self.name {
            "contexts" => CONTEXT,
            "clusters" => CLUSTER,
            "users" => USER,
            _ => &[],
        }
    }
}

const fn key(
    name: &'static str,
    kind: KeyType,
    default: Option<&'static str>,
    about: &'static str,
) -> Key {
    Key {
        name,
        kind,
        default,
        about,
    }
}

use KeyType::{Bool, Duration, Format, Int, NamedList, OneOf, Quantity, Text, TextList};

const LEVELS: KeyType = OneOf(&["off", "error", "warn", "info", "debug", "trace"]);
const COLORS: KeyType = OneOf(&["auto", "always", "never"]);
const CONFIRM: KeyType = OneOf(&["never", "bulk", "always", "true", "false"]);
const PAINT: KeyType = OneOf(&["red", "yellow", "green", "blue", "magenta", "cyan"]);

/// Newest version of the file format.
pub const VERSION: i64 = 1;

/// Every key with a meaning of its own. Tables whose content is open are in [`OPEN`].
#[rustfmt::skip]
pub const KEYS: &[Key] = &[
    key("version", Int(0, VERSION), None, "version of the file format"),
    key("current_context", Text, None, "context used when none is named"),
    key("current_environment", Text, None, "environment applied when none is named"),
    key("current_profile", Text, None, "profile applied when none is named"),
    key("contexts", NamedList, None, "pairs of cluster and user, with a namespace and settings"),
    key("clusters", NamedList, None, "servers"),
    key("users", NamedList, None, "credentials"),
    key("global.log_level", LEVELS, Some("warn"), "which log records are written"),
    key("global.timeout", Duration, Some("30s"), "limit of one request"),
    key("global.connect_timeout", Duration, Some("5s"), "limit of a connect"),
    key("global.retry_attempts", Int(0, 10), Some("3"), "tries after the first"),
    key("global.output", Format, Some("table"), "output format"),
    key("global.color", COLORS, Some("auto"), "when to colour"),
    key("global.pager", Text, None, "pager of long output; empty for none"),
    key("global.editor", Text, None, "editor of `edit` verbs"),
    key("preferences.confirm_destructive", CONFIRM, Some("always"), "when deletes ask"),
    key("preferences.accessible", Bool, None, "screen-reader mode"),
    key("preferences.default_provider", Text, None, "cloud provider used when none is named"),
    key("preferences.picker", OneOf(&["auto", "never"]), None, "whether a missing name is picked from a list"),
    key("preferences.wizard", OneOf(&["auto", "never"]), None, "whether missing arguments start a wizard"),
    key("defaults.cpu", Quantity, Some("1"), "virtual CPUs of a new VM"),
    key("defaults.memory", Quantity, Some("512Mi"), "memory of a new VM"),
    key("defaults.disk", Text, None, "disk size of a new VM"),
    key("defaults.image", Text, None, "boot image of a new VM"),
    key("defaults.network", Text, None, "network of a new VM"),
    key("protect", Bool, None, "destructive commands want the environment's name typed"),
    key("confirm", OneOf(&["type-name"]), None, "deletes want the name of their target typed"),
    key("allow", TextList, None, "the only commands that may run, such as `vm list` or `vm *`"),
    key("deny", TextList, None, "commands that must not run"),
    key("color", PAINT, None, "colour of warnings about a protected environment"),
    key("providers.aws.profile", Text, None, "profile of the shared AWS configuration"),
    key("providers.aws.region", Text, None, "AWS region"),
    key("providers.aws.endpoint_url", Text, None, "endpoint instead of AWS's own"),
    key("providers.aws.role_arn", Text, None, "role to assume"),
    key("providers.gcp.project", Text, None, "Google Cloud project"),
    key("providers.gcp.region", Text, None, "Google Cloud region"),
    key("providers.gcp.credentials_file", Text, None, "service account key file"),
    key("providers.gcp.impersonate", Text, None, "service account to act as"),
    key("providers.azure.tenant_id", Text, None, "Azure tenant"),
    key("providers.azure.subscription_id", Text, None, "Azure subscription"),
    key("providers.azure.client_id", Text, None, "Azure application"),
    key("providers.azure.cloud", Text, None, "Azure cloud"),
    key("providers.kubernetes.kubeconfig", Text, None, "kubeconfig file"),
    key("providers.kubernetes.context", Text, None, "context of the kubeconfig"),
    key("providers.kubernetes.namespace", Text, None, "Kubernetes namespace"),
];

#[rustfmt::skip]
const CONTEXT: &[Key] = &[
    key("name", Text, None, "name of the context"),
    key("cluster", Text, None, "cluster to talk to; none is the local server"),
    key("user", Text, None, "user to talk as"),
    key("namespace", Text, None, "namespace used when none is named"),
    key("protected", Bool, None, "destructive commands want the context's name typed"),
];

#[rustfmt::skip]
const CLUSTER: &[Key] = &[
    key("name", Text, None, "name of the cluster"),
    key("server", Text, None, "unix:PATH or https://HOST[:PORT]"),
    key("certificate_authority", Text, None, "PEM file of the certificate authority"),
    key("certificate_authority_data", Text, None, "the same, base64 in place"),
    key("insecure_skip_tls_verify", Bool, None, "do not verify the server; for trials only"),
];

#[rustfmt::skip]
const USER: &[Key] = &[
    key("name", Text, None, "name of the user"),
    key("username", Text, None, "name by which the server knows the user"),
    key("token", Text, None, "bearer token"),
    key("token_file", Text, None, "file with the bearer token"),
    key("client_certificate", Text, None, "PEM file of the client certificate"),
    key("client_certificate_data", Text, None, "the same, base64 in place"),
    key("client_key", Text, None, "PEM file of the certificate's key"),
    key("client_key_data", Text, None, "the same, base64 in place"),
];

/// Tables whose keys belong to others: providers, plugins, aliases and the like.
pub const OPEN: &[&str] = &[
    "providers",
    "plugins",
    "profiles",
    "environments",
    "aliases",
    "favorites",
    "hooks",
    "audit",
    "secrets",
    "state",
    "logs",
    "batch",
    "dispatch",
    "help",
    "updates",
    "retention",
    "top",
    "ghost",
    "gonuget",
    "server",
    "learn",
    "$schema",
];

/// Open tables whose direct members have names that users chose.
const NAMED_TABLES: &[&str] = &[
    "providers",
    "plugins",
    "profiles",
    "environments",
    "aliases",
];

/// Spellings that mean another key.
const ALIASES: &[(&str, &str)] = &[
    ("defaults.output", "global.output"),
    ("preferences.colors", "global.color"),
    ("preferences.pager", "global.pager"),
    ("preferences.editor", "global.editor"),
];

/// The key's own spelling: snake case except for names that users chose, aliases resolved. A `+`
/// or `-` at the end, which merges lists, stays.
pub(crate) fn canonical(key: &str) -> String {
    let mut names = path::split(key);
    let own = match names.first().map(String::as_str) {
        Some(first) if NAMED_TABLES.contains(&first) => 2,
        _ => usize::MAX,
    };
    for (at, name) in names.iter_mut().enumerate() {
        if at + 1 != own {
            *name = snake(name);
        }
    }
    let scoped = matches!(names[0].as_str(), "profiles" | "environments") && names.len() > 2;
    let start = if scoped { 2 } else { 0 };
    let inner = path::join(&names[start..]);
    let found = ALIASES.iter().find(|(alias, _)| *alias == inner);
    match found {
        Some((_, own)) if scoped => format!("{}.{own}", path::join(&names[..2])),
        Some((_, own)) => (*own).to_owned(),
        None => path::join(&names),
    }
}

/// `log-level` is `log_level`; the last `-` of `deny-` is an operator.
pub(crate) fn snake(name: &str) -> String {
    match name.strip_suffix('-') {
        Some(list) if !list.is_empty() => list.replace('-', "_") + "-",
        _ => name.replace('-', "_"),
    }
}

/// The known key of this name; inside `profiles.P` and `environments.E` the same keys are known.
#[must_use]
pub fn find_key(name: &str) -> Option<&'static Key> {
    let name = canonical(name);
    let inner = unscoped(&name);
    let inner = inner.trim_end_matches(['+', '-']);
    KEYS.iter().find(|key| key.name == inner)
}

/// The key inside `profiles.P.` or `environments.E.`, else the key itself.
pub(crate) fn unscoped(name: &str) -> String {
    let names = path::split(name);
    match names.as_slice() {
        [section, _, inner @ ..] if is_scope(section) && !inner.is_empty() => path::join(inner),
        _ => name.to_owned(),
    }
}

fn is_scope(section: &str) -> bool {
    matches!(section, "profiles" | "environments")
}

/// Whether `name` is known or lies in an open table.
#[must_use]
pub fn is_known(name: &str) -> bool {
    if find_key(name).is_some() {
        return true;
    }
    let names = path::split(&canonical(name));
    let first = names[0].as_str();
    match names.get(2..) {
        Some([one]) if first == "profiles" && one == "extends" => true,
        Some([inner, ..]) if is_scope(first) => !is_scope(inner) && OPEN.contains(&inner.as_str()),
        _ => OPEN.contains(&first),
    }
}
