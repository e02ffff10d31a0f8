//! The three families: their tools, examples, wrong orders and synonyms.

use std::borrow::Cow;

use crate::family::{Correction, Family, Tool, Voice};

const fn tool(name: &'static str, summary: &'static str, aliases: &'static [&'static str]) -> Tool {
    Tool {
        name,
        summary,
        aliases,
    }
}

const fn correction(typed: &'static [&'static str], right: &'static str) -> Correction {
    Correction { typed, right }
}

pub(crate) const NOVA: Family = Family {
    name: Cow::Borrowed("nova"),
    about: "Run virtual machines, and everything around them, from the command line",
    examples: &[
        (
            "nova image build tiny",
            "once: an image that boots in a second",
        ),
        (
            "nova vm create web --image tiny",
            "create a machine and wait for it",
        ),
        ("nova vm list", "show the machines of your namespace"),
        ("nova vm exec web -- uname -a", "run a command inside"),
        ("nova vm delete web", "remove it again"),
    ],
    tools: NOVA_TOOLS,
    rewrites: &[
        ("get", "object"),
        ("apply", "object"),
        ("diff", "object"),
        ("delete", "object"),
        ("explain", "object"),
        ("api-resources", "object"),
        ("api-versions", "object"),
    ],
    corrections: NOVA_CORRECTIONS,
    synonyms: &[
        ("instance", "vm"),
        ("instances", "vm"),
        ("machine", "vm"),
        ("machines", "vm"),
        ("disk", "storage"),
        ("volume", "storage"),
        ("volumes", "storage"),
        ("ps", "vm"),
        ("project", "namespace"),
        ("host", "node"),
        ("hosts", "node"),
        ("login", "auth"),
        ("logout", "auth"),
        ("whoami", "auth"),
        ("extension", "plugin"),
        ("monitor", "top"),
        ("log", "logs"),
        ("remove", "delete"),
        ("rm", "delete"),
        ("info", "cluster"),
        ("health", "cluster"),
        ("settings", "config"),
        ("context", "config"),
        ("job", "operation"),
        ("jobs", "operation"),
    ],
    voice: Voice::Toolkit,
};

const NOVA_TOOLS: &[Tool] = &[
    tool(
        "vm",
        "Manage virtual machines",
        &["vms", "virtualmachine", "virtualmachines"],
    ),
    tool(
        "pool",
        "Manage pools of identical virtual machines",
        &["pools"],
    ),
    tool(
        "network",
        "Manage networks and their policies",
        &["networks", "net"],
    ),
    tool("storage", "Manage volumes and storage pools", &[]),
    tool("image", "Build, import and list images", &["images", "img"]),
    tool("cluster", "Show and check the cluster", &["clusters"]),
    tool(
        "node",
        "Manage the machines that run virtual machines",
        &["nodes", "no"],
    ),
    tool(
        "config",
        "View and change the configuration",
        &["configuration"],
    ),
    tool("auth", "Log in and manage tokens", &[]),
    tool("plugin", "Install and manage extensions", &["plugins"]),
    tool(
        "completion",
        "Generate completion for your shell",
        &["completions"],
    ),
    tool("top", "Watch resource usage live", &[]),
    tool("logs", "Search and follow logs", &[]),
    tool("batch", "Run many commands as one plan", &[]),
    tool("graph", "Show how resources depend on each other", &[]),
    tool("state", "Record, compare and restore states", &[]),
    tool("audit", "Query the audit trail", &[]),
    tool("secret", "Read and manage secrets", &["secrets"]),
    tool("server", "Run and control the local server", &[]),
    tool("namespace", "Manage namespaces", &["namespaces", "ns"]),
    tool(
        "operation",
        "Follow and cancel operations",
        &["operations", "op"],
    ),
    tool(
        "object",
        "Get, apply and delete objects of any kind",
        &["objects"],
    ),
];

const NOVA_CORRECTIONS: &[Correction] = &[
    correction(&["list", "*"], "* list"),
    correction(&["ls", "*"], "* list"),
    correction(&["create", "*"], "* create"),
    correction(&["describe", "*"], "* describe"),
    correction(&["edit", "*"], "* edit"),
    correction(&["update", "*"], "* update"),
    correction(&["start", "*"], "* start"),
    correction(&["stop", "*"], "* stop"),
    correction(&["restart", "*"], "* restart"),
    correction(&["import", "*"], "* import"),
    correction(&["build", "*"], "* build"),
    correction(&["list"], "vm list"),
    correction(&["ls"], "vm list"),
    correction(&["create"], "vm create"),
    correction(&["run"], "vm create"),
    correction(&["describe"], "vm describe"),
    correction(&["start"], "vm start"),
    correction(&["stop"], "vm stop"),
    correction(&["restart"], "vm restart"),
    correction(&["pause"], "vm pause"),
    correction(&["resume"], "vm resume"),
    correction(&["exec"], "vm exec"),
    correction(&["wait"], "vm wait"),
];

pub(crate) const GHOST: Family = Family {
    name: Cow::Borrowed("ghost"),
    about: "Bring virtual clusters up, use them, and let them vanish",
    examples: &[
        (
            "ghost up dev --ttl 2h",
            "create a cluster that goes away by itself",
        ),
        ("eval \"$(ghost connect dev)\"", "point kubectl at it"),
        (
            "ghost exec dev -- kubectl get pods",
            "run one command against it",
        ),
        ("ghost down dev", "delete it"),
    ],
    tools: GHOST_TOOLS,
    rewrites: &[],
    corrections: GHOST_CORRECTIONS,
    synonyms: &[
        ("new", "up"),
        ("start", "up"),
        ("resume", "up"),
        ("stop", "down"),
        ("pause", "down"),
        ("get", "list"),
        ("info", "status"),
        ("describe", "status"),
        ("use", "connect"),
        ("switch", "connect"),
        ("run", "exec"),
        ("template", "templates"),
        ("cleanup", "reap"),
        ("prune", "reap"),
        ("gc", "reap"),
        ("setup", "init"),
    ],
    voice: Voice::Toolkit,
};

const GHOST_TOOLS: &[Tool] = &[
    tool(
        "init",
        "Check this machine and prepare the host cluster",
        &[],
    ),
    tool(
        "up",
        "Create virtual clusters and wait until they are ready",
        &[],
    ),
    tool("down", "Delete or pause virtual clusters", &[]),
    tool("list", "List virtual clusters", &[]),
    tool("status", "Show the state of one virtual cluster", &[]),
    tool("connect", "Point kubectl at a virtual cluster", &[]),
    tool("disconnect", "Stop using a virtual cluster", &[]),
    tool("exec", "Run a command against virtual clusters", &[]),
    tool("logs", "Show logs from inside a virtual cluster", &[]),
    tool("templates", "List, show and check templates", &[]),
    tool("reap", "Delete virtual clusters whose time is over", &[]),
];

const GHOST_CORRECTIONS: &[Correction] = &[
    correction(&["list", "template"], "templates list"),
    correction(&["list", "templates"], "templates list"),
    correction(&["show", "template"], "templates show"),
    correction(&["show", "templates"], "templates show"),
    correction(&["validate", "template"], "templates validate"),
    correction(&["validate", "templates"], "templates validate"),
    correction(&["new", "template"], "templates new"),
    correction(&["cluster", "create"], "up"),
    correction(&["cluster", "delete"], "down"),
    correction(&["cluster", "*"], "*"),
    correction(&["create", "cluster"], "up"),
    correction(&["delete", "cluster"], "down"),
    correction(&["get", "clusters"], "list"),
    correction(&["get", "kubeconfig"], "connect"),
    correction(&["create"], "up"),
    correction(&["delete"], "down"),
    correction(&["destroy"], "down"),
    correction(&["remove"], "down"),
    correction(&["rm"], "down"),
    correction(&["ls"], "list"),
    correction(&["ps"], "list"),
];

pub(crate) const GONUGET: Family = Family {
    name: Cow::Borrowed("gonuget"),
    about: "NuGet packages for .NET projects, without the .NET SDK",
    examples: &[
        (
            "gonuget package add Newtonsoft.Json",
            "add a reference to the project here",
        ),
        ("gonuget restore", "download what the project needs"),
    ],
    tools: &[
        tool(
            "package",
            "Add, remove, list, search and update packages",
            &[],
        ),
        tool("source", "Manage package sources", &[]),
        tool("config", "Read and change NuGet configuration", &[]),
        tool(
            "restore",
            "Restore the packages of a project or solution",
            &[],
        ),
        tool("cache", "Show and clear local caches", &[]),
        tool("version", "Show the version", &[]),
    ],
    rewrites: &[],
    corrections: &[
        correction(&["add", "package"], "package add"),
        correction(&["list", "package"], "package list"),
        correction(&["remove", "package"], "package remove"),
        correction(&["search", "package"], "package search"),
        correction(&["update", "package"], "package update"),
        correction(&["why"], "package why"),
        correction(&["outdated"], "package outdated"),
        correction(&["tree"], "package tree"),
        correction(&["add", "source"], "source add"),
        correction(&["list", "source"], "source list"),
        correction(&["remove", "source"], "source remove"),
        correction(&["enable"], "source enable"),
        correction(&["disable"], "source disable"),
        correction(&["update"], "source update"),
    ],
    synonyms: &[],
    voice: Voice::Dotnet,
};

/// A renamed or linked copy: extensions only.
pub(crate) const OTHER: Family = Family {
    name: Cow::Borrowed(""),
    about: "Run the commands found under this name",
    examples: &[],
    tools: &[],
    rewrites: &[],
    corrections: &[],
    synonyms: &[],
    voice: Voice::Toolkit,
};
