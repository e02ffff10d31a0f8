//! Codes and reasons of the server's errors.

use super::{Entry, Sort};

const fn entry(
    (word, sort): (&'static str, Sort),
    (http, exit): (u16, u8),
    [meaning, cause, remedy]: [&'static str; 3],
) -> Entry {
    Entry {
        word,
        alias: "",
        sort,
        http,
        exit,
        meaning,
        cause,
        remedy,
    }
}

const fn code(word: &'static str, numbers: (u16, u8), texts: [&'static str; 3]) -> Entry {
    entry((word, Sort::Code), numbers, texts)
}

const fn reason(word: &'static str, numbers: (u16, u8), texts: [&'static str; 3]) -> Entry {
    entry((word, Sort::Reason), numbers, texts)
}

const fn ended(word: &'static str, exit: u8, texts: [&'static str; 3]) -> Entry {
    entry((word, Sort::OperationReason), (0, exit), texts)
}

pub(super) const REASONS: &[Entry] = &[
    code(
        "ValidationError",
        (422, 3),
        [
            "The request says something malformed or impossible.",
            "A selector or flag (400), a body that does not fit its kind (400), or values that cannot be (422).",
            "Every fault is listed with its field; nova explain KIND.FIELD shows what is allowed.",
        ],
    ),
    reason(
        "BadRequest",
        (400, 3),
        [
            "The request is malformed.",
            "A body that is no object of its kind, or a parameter that cannot be read.",
            "The message names the part; nova server request shows the raw exchange.",
        ],
    ),
    reason(
        "Invalid",
        (422, 3),
        [
            "The object is well formed and says something impossible.",
            "A value is out of range, missing, or contradicts another.",
            "All faults are listed at once; correct every field that is named.",
        ],
    ),
    reason(
        "Immutable",
        (422, 3),
        [
            "A field that may never change was changed.",
            "Names, machine types and the like are fixed when the object is made.",
            "Make a new object, or leave the field as it is.",
        ],
    ),
    reason(
        "UnknownField",
        (400, 3),
        [
            "The object has a field that its kind does not know.",
            "A typing error, or a field of another version, under strict validation.",
            "See the fields with nova explain KIND --recursive, or apply with --validate=warn.",
        ],
    ),
    reason(
        "BadSelector",
        (400, 2),
        [
            "A selector cannot be read, or names a field that cannot be selected by.",
            "The grammar of -l or --field-selector was missed; the shell may have eaten quotes.",
            "Write it as app=web,tier!=db in quotes; the message lists the fields that can be selected by.",
        ],
    ),
    reason(
        "TooLarge",
        (413, 3),
        [
            "The body is larger than the server reads.",
            "Objects have a limit of 1 MiB, annotations of 256 KiB.",
            "Split the object, or keep the data elsewhere.",
        ],
    ),
    reason(
        "RequestEntityTooLarge",
        (413, 3),
        [
            "Kubernetes' word for TooLarge.",
            "Objects have a limit of 1 MiB, annotations of 256 KiB.",
            "Split the object, or keep the data elsewhere.",
        ],
    ),
    reason(
        "UnsupportedMediaType",
        (415, 3),
        [
            "The server does not read bodies of this type here.",
            "A wrong Content-Type; strategic merge patches do not exist for kinds of nova.dev.",
            "Use a merge patch, a JSON patch or server-side apply.",
        ],
    ),
    reason(
        "NotAcceptable",
        (406, 3),
        [
            "The client accepts nothing that the server writes.",
            "The Accept header names neither JSON nor a table in JSON.",
            "Ask for application/json.",
        ],
    ),
    reason(
        "MethodNotAllowed",
        (405, 3),
        [
            "The path exists, but not for this verb.",
            "The kind does not support it; some objects are the server's alone.",
            "See what it supports with nova api-resources -o wide.",
        ],
    ),
    code(
        "Unauthorized",
        (401, 5),
        [
            "The server does not know who is asking.",
            "No token, a wrong one, or a certificate of another authority.",
            "Log in, or correct the user of the context with nova config set-user.",
        ],
    ),
    reason(
        "Unauthorized",
        (401, 5),
        [
            "Kubernetes' word for a missing or refused login.",
            "No token, a wrong one, or a certificate of another authority.",
            "Log in, or correct the user of the context with nova config set-user.",
        ],
    ),
    reason(
        "TokenMissing",
        (401, 5),
        [
            "The server asks for a login and got none that it knows.",
            "The context has no user, or the token is of another server.",
            "Name a token file with nova config set-user, or set NOVA_TOKEN.",
        ],
    ),
    reason(
        "TokenExpired",
        (401, 5),
        [
            "The login is over.",
            "Tokens and certificates end at the time they were made for.",
            "Get a new token and log in with it.",
        ],
    ),
    reason(
        "TokenRevoked",
        (401, 5),
        [
            "Somebody withdrew this login.",
            "The token was revoked, or its user was disabled.",
            "Ask an administrator for a new one.",
        ],
    ),
    code(
        "Forbidden",
        (403, 5),
        [
            "The server knows who is asking and says no.",
            "The role does not allow it, a quota is used up, or the object is protected.",
            "The reason tells which; an administrator can change roles and quotas.",
        ],
    ),
    reason(
        "Forbidden",
        (403, 5),
        [
            "Kubernetes' word for something that is not allowed.",
            "The role does not allow it, a quota is used up, or the object is protected.",
            "The message tells which; an administrator can change roles and quotas.",
        ],
    ),
    reason(
        "Denied",
        (403, 5),
        [
            "The role of this user does not allow the verb here.",
            "Roles are bound to namespaces; viewers read, operators also start and stop.",
            "Ask for a role in this namespace, or work in another with --namespace.",
        ],
    ),
    reason(
        "QuotaExceeded",
        (403, 5),
        [
            "The namespace has no room left for this.",
            "Its quota of VMs, processors, memory or storage is used up.",
            "Delete what is not needed, or have the quota of the namespace raised.",
        ],
    ),
    reason(
        "Protected",
        (403, 5),
        [
            "The object is protected against deletion.",
            "spec.protected is true.",
            "Lift it first with nova vm update NAME --set protected=false.",
        ],
    ),
    code(
        "NotFound",
        (404, 11),
        [
            "What was asked for does not exist.",
            "The object, kind or path is another one, or not visible to this user.",
            "The hint has the nearest names; nova get KIND -A looks everywhere.",
        ],
    ),
    reason(
        "NotFound",
        (404, 11),
        [
            "There is no object of this name.",
            "It was deleted, never made, is in another namespace, or not visible to this user.",
            "The hint has the nearest names; nova get KIND -A looks everywhere.",
        ],
    ),
    reason(
        "NoSuchKind",
        (404, 11),
        [
            "The server has no such kind.",
            "A typing error, or a kind of a newer server.",
            "List the kinds with nova api-resources.",
        ],
    ),
    reason(
        "NoSuchPath",
        (404, 11),
        [
            "The server has nothing at this path.",
            "A kind, version or subresource that it does not serve.",
            "List the kinds with nova api-resources, their versions with nova api-versions.",
        ],
    ),
    code(
        "Conflict",
        (409, 4),
        [
            "The request contradicts how things are.",
            "The object exists, changed meanwhile, or is in a state that does not allow the verb.",
            "The reason tells which; read the object again before the next try.",
        ],
    ),
    reason(
        "Conflict",
        (409, 4),
        [
            "The object changed since it was read.",
            "Somebody else wrote it in between, so its resourceVersion or uid is another one.",
            "Read it again, and write the change to the newest version.",
        ],
    ),
    reason(
        "AlreadyExists",
        (409, 4),
        [
            "An object of this name exists.",
            "Names are unique for a kind in a namespace.",
            "Choose another name, or change the object with nova apply.",
        ],
    ),
    reason(
        "InvalidState",
        (409, 4),
        [
            "The object is in a state that does not allow this verb.",
            "A stopped VM cannot be paused, for example; details.allowed lists what is possible now.",
            "Bring it into another state first, mostly with nova vm start or nova vm stop.",
        ],
    ),
    reason(
        "OperationInProgress",
        (409, 4),
        [
            "Another operation works on the object.",
            "Migrations, snapshots, restores and changes of size go one after the other.",
            "Wait for it with nova operation wait, or end it with nova operation cancel.",
        ],
    ),
    reason(
        "InUse",
        (409, 4),
        [
            "Other objects need this one.",
            "details.usedBy lists them.",
            "Delete or change the users first.",
        ],
    ),
    reason(
        "TestFailed",
        (422, 3),
        [
            "A test operation of a JSON patch did not hold.",
            "The value at its path is another one, so nothing of the patch was done.",
            "Read the object again and make a new patch.",
        ],
    ),
    reason(
        "ApplyConflict",
        (409, 4),
        [
            "Other managers own fields that the applied object sets to other values.",
            "Each conflict names the manager and the field.",
            "Leave the fields out, agree with their owner, or take them over with --force-conflicts.",
        ],
    ),
    code(
        "Expired",
        (410, 6),
        [
            "A position in the history is too old.",
            "Watches and page tokens hold for a limited time; tools list again by themselves.",
            "Start the list or watch again without a position.",
        ],
    ),
    reason(
        "Expired",
        (410, 6),
        [
            "The resourceVersion or page token is older than what the server keeps.",
            "Changes are kept for at least an hour, page tokens for five minutes.",
            "Start the list or watch again without a position.",
        ],
    ),
    code(
        "Timeout",
        (504, 6),
        [
            "The server gave up waiting.",
            "An operation, an engine or a guest took longer than it may.",
            "Look whether the work goes on with nova operation list, then try again.",
        ],
    ),
    reason(
        "Timeout",
        (504, 6),
        [
            "Kubernetes' word for work that took too long.",
            "An operation, an engine or a guest took longer than it may.",
            "Look whether the work goes on with nova operation list, then try again.",
        ],
    ),
    reason(
        "DeadlineExceeded",
        (504, 6),
        [
            "An operation took longer than it may.",
            "Ten minutes for most, an hour for creating and migrating.",
            "See the phase it hung in with nova operation get, and try again.",
        ],
    ),
    reason(
        "GuestTimeout",
        (504, 6),
        [
            "The guest agent did not answer in time.",
            "The guest is busy, still boots, or its agent hangs.",
            "Look at nova vm logs NAME, and try again when nova vm wait NAME --for=agent ends.",
        ],
    ),
    code(
        "RateLimited",
        (429, 6),
        [
            "There were too many requests at once.",
            "Users over the network have limits of requests, watches and streams.",
            "Tools wait and try again by themselves; run fewer of them at a time.",
        ],
    ),
    reason(
        "TooManyRequests",
        (429, 6),
        [
            "There were too many requests, watches or streams of one user.",
            "The limits are 200 requests a second, 100 watches and 50 streams.",
            "Wait as long as Retry-After says; run fewer at a time.",
        ],
    ),
    code(
        "InternalError",
        (500, 1),
        [
            "The server or its engine has a fault.",
            "A bug, a full or broken disk, or an engine that refused.",
            "The request id in the error leads to the place in nova server logs.",
        ],
    ),
    reason(
        "InternalError",
        (500, 1),
        [
            "Kubernetes' word for a fault of the server.",
            "A bug, a full or broken disk, or an engine that refused.",
            "The request id in the error leads to the place in nova server logs.",
        ],
    ),
    reason(
        "Internal",
        (500, 1),
        [
            "The server met a fault of its own.",
            "A bug, or a disk that is full or broken.",
            "The request id in the error leads to the place in nova server logs.",
        ],
    ),
    reason(
        "EngineError",
        (500, 1),
        [
            "The program that runs the machines refused or failed.",
            "details.raw has its own words.",
            "See nova vm logs NAME --source engine, and mend what it names.",
        ],
    ),
    code(
        "Unavailable",
        (503, 6),
        [
            "This is not possible now or here.",
            "A part that is needed is not ready, lacks room, or cannot do it at all.",
            "The reason tells which; what is not ready may be so in a moment.",
        ],
    ),
    reason(
        "ServiceUnavailable",
        (503, 6),
        [
            "Kubernetes' word for something that is not possible now.",
            "A part that is needed is not ready.",
            "Try again in a moment; nova cluster health shows which part.",
        ],
    ),
    reason(
        "NotReady",
        (503, 6),
        [
            "The server starts, ends, or is not ready for this.",
            "It may also have restarted while the request ran.",
            "Try again in a moment; nova server status shows whether it runs.",
        ],
    ),
    reason(
        "NodeUnavailable",
        (503, 6),
        [
            "No node can take this now.",
            "Nodes are down, drained, or do not fit the placement.",
            "See them with nova node list.",
        ],
    ),
    reason(
        "AgentUnavailable",
        (503, 6),
        [
            "The guest agent of the VM does not answer.",
            "The guest still boots, has no agent, or the agent ended.",
            "Wait with nova vm wait NAME --for=agent; install an agent in images that have none.",
        ],
    ),
    reason(
        "EngineUnavailable",
        (503, 6),
        [
            "The program that runs the machines is not there.",
            "QEMU is not installed, or cannot be started.",
            "Install it; nova node get -o yaml shows what was found.",
        ],
    ),
    reason(
        "InsufficientStorage",
        (507, 6),
        [
            "Kubernetes-style word for InsufficientResources.",
            "Disk, memory or processors ran out.",
            "Free some; nova node list -o wide shows what is left.",
        ],
    ),
    reason(
        "InsufficientResources",
        (507, 6),
        [
            "There is no room for this.",
            "Disk, memory or processors ran out.",
            "Free some, ask for less, or see what is left with nova node list -o wide.",
        ],
    ),
    reason(
        "NotImplemented",
        (501, 6),
        [
            "Kubernetes-style word for NotSupported.",
            "This server or its engine cannot do it.",
            "nova cluster info lists the features that the server has.",
        ],
    ),
    reason(
        "NotSupported",
        (501, 6),
        [
            "This server or its engine cannot do it at all.",
            "The feature belongs to another engine or a newer server.",
            "nova cluster info lists the features that the server has.",
        ],
    ),
    code(
        "NetworkError",
        (0, 6),
        [
            "No answer came from the server.",
            "It is down, the address is wrong, or the network or TLS failed; only clients use this code.",
            "Check the endpoint with nova config view, and the server with nova server status.",
        ],
    ),
    ended(
        "Superseded",
        1,
        [
            "A newer request took the operation's place.",
            "A start, stop, restart or delete that comes later ends the earlier one.",
            "The newer operation is in nova operation list.",
        ],
    ),
    ended(
        "Cancelled",
        1,
        [
            "Somebody ended the operation.",
            "nova operation cancel, or Ctrl-C in the command that had started it.",
            "Start it again when it is wanted.",
        ],
    ),
    ended(
        "ServerRestarted",
        1,
        [
            "The server restarted and this could not go on.",
            "A command inside a guest, for example, is lost with its connection.",
            "Run it again.",
        ],
    ),
];
