//! The exit codes.

use super::{Entry, Sort};

const fn exit(
    word: &'static str,
    alias: &'static str,
    exit: u8,
    [meaning, cause, remedy]: [&'static str; 3],
) -> Entry {
    Entry {
        word,
        alias,
        sort: Sort::ExitCode,
        http: 0,
        exit,
        meaning,
        cause,
        remedy,
    }
}

pub(super) const EXITS: &[Entry] = &[
    exit(
        "0",
        "ok",
        0,
        [
            "The command did its work, or nothing had to be done.",
            "Everything that was asked for is as wanted; a watch or log stream ended normally.",
            "Nothing is left to do.",
        ],
    ),
    exit(
        "1",
        "failed",
        1,
        [
            "The operation failed, or the answer is no.",
            "The server or its engine could not do it; diff, check and status --exit-code also say no with it.",
            "Read the message; -v shows causes, and nova vm events NAME what happened to a VM.",
        ],
    ),
    exit(
        "2",
        "usage",
        2,
        [
            "The command line cannot be understood.",
            "A flag, argument, selector, template or format is wrong, or --yes is missing where nobody can be asked.",
            "The hint names the flag; --help of the command shows all of them.",
        ],
    ),
    exit(
        "3",
        "config",
        3,
        [
            "A file, manifest or configuration is invalid.",
            "What was read has a fault; the message gives file, line and field.",
            "Correct the place that is named; nova config validate checks the configuration, nova explain KIND the fields.",
        ],
    ),
    exit(
        "4",
        "conflict",
        4,
        [
            "Something exists already, changed meanwhile, or is locked.",
            "Another command or person was there first.",
            "Look at the object with nova get and try again; nova apply --force-conflicts takes fields over.",
        ],
    ),
    exit(
        "5",
        "auth",
        5,
        [
            "The login is missing, or it does not allow this.",
            "There is no valid token or certificate, or its role is too small.",
            "Log in again, or ask an administrator for a role; nova config view shows which user is used.",
        ],
    ),
    exit(
        "6",
        "unavailable",
        6,
        [
            "The server could not be reached or was too busy, also after several tries.",
            "The network, the server, or a limit of requests stood in the way.",
            "Try again later; nova server status and nova cluster health tell more.",
        ],
    ),
    exit(
        "7",
        "integrity",
        7,
        [
            "A checksum, signature or decryption does not fit.",
            "The data is damaged, or it is not what somebody signed.",
            "Fetch it again from a source you trust; never go on with it.",
        ],
    ),
    exit(
        "8",
        "partial",
        8,
        [
            "Some targets succeeded and others failed.",
            "Each failure is reported with its own message.",
            "Mend the causes and run the command again: what is done already counts as unchanged.",
        ],
    ),
    exit(
        "9",
        "rolled-back",
        9,
        [
            "A batch failed and everything it had done was undone.",
            "One step of the plan failed.",
            "Mend the step that is named and run the plan again.",
        ],
    ),
    exit(
        "10",
        "rollback-incomplete",
        10,
        [
            "A batch failed and not everything could be undone.",
            "A step failed, and so did taking another one back.",
            "The report lists what is left; mend it by hand before the next run.",
        ],
    ),
    exit(
        "11",
        "not-found",
        11,
        [
            "Something that was named does not exist.",
            "The name, kind, namespace or context is another one.",
            "The hint has the nearest names; nova get KIND -A looks in all namespaces.",
        ],
    ),
    exit(
        "12",
        "cancelled",
        12,
        [
            "A question was answered with no.",
            "Anything but y or yes, and the end of input, is a no.",
            "Run the command again, with --yes where no question is wanted.",
        ],
    ),
    exit(
        "101",
        "internal",
        101,
        [
            "A bug of the tool ended it.",
            "Something happened that its authors held to be impossible.",
            "Report it with the command and its output under -vvv.",
        ],
    ),
    exit(
        "124",
        "timeout",
        124,
        [
            "What was waited for did not happen in time.",
            "The limit of --timeout, or of the verb, is over; the work on the server may go on.",
            "Look with nova get or nova operation list, and wait longer with --timeout.",
        ],
    ),
    exit(
        "125",
        "exec-failed",
        125,
        [
            "nova vm exec could not run the command, so there is no status of the command itself.",
            "The VM, its guest agent or the connection failed.",
            "The message says which; nova vm get NAME -o wide shows whether the agent answers.",
        ],
    ),
    exit(
        "126",
        "not-executable",
        126,
        [
            "A program was found but cannot be executed.",
            "Its mode lacks the executable bit, or a script lacks its first line.",
            "Set it with chmod +x, or give the script a #! line.",
        ],
    ),
    exit(
        "127",
        "vanished",
        127,
        [
            "A program is not there any more, or its interpreter is missing.",
            "It was removed between search and start, or was never installed.",
            "Install it, and look where it is searched with nova help -a.",
        ],
    ),
    exit(
        "130",
        "interrupted",
        130,
        [
            "Ctrl-C ended the command.",
            "Signal INT; the server was asked to stop what can be stopped.",
            "nova operation list shows what goes on.",
        ],
    ),
    exit(
        "143",
        "terminated",
        143,
        [
            "Another process ended the command.",
            "Signal TERM; other signals give 128 and their number.",
            "nova operation list shows what goes on.",
        ],
    ),
];
