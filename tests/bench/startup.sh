#!/bin/sh
# What it costs to start a tool: `nova-vm --version`, `--help` and a list of ten VMs, beside
# /bin/true. Prints minimum and median of each and the ratio to /bin/true, and fails when
# `--version` takes more than three times as long.
#
# Usage: tests/bench/startup.sh [RUNS]      (default 300)
#   BIN=DIR   take the tools from here instead of building them (profile dist)
set -eu

runs=${1:-300}
root=$(cd "$(dirname "$0")/../.." && pwd)
if [ -z "${BIN:-}" ]; then
    (cd "$root" && cargo build --quiet --profile dist -p nova-vm &&
        cargo build --quiet --profile dist-server -p nova-server)
    target=${CARGO_TARGET_DIR:-$root/target}
    BIN=$(mktemp -d)
    cp "$target/dist/nova-vm" "$target/dist-server/nova-server" "$BIN/"
fi

# Short, since socket paths have a limit.
work=$(mktemp -d /tmp/nbXXXXXX)
server=
finish() {
    [ -z "$server" ] || kill "$server" 2>/dev/null || :
    rm -rf "$work"
}
trap finish EXIT INT TERM
export HOME="$work" NOVA_SYSTEM_DIR="$work/none"
unset XDG_RUNTIME_DIR XDG_CONFIG_HOME XDG_DATA_HOME XDG_STATE_HOME
"$BIN/nova-server" run --engine sim --ready-file "$work/ready" >"$work/log" 2>&1 &
server=$!
for _ in $(seq 100); do [ -e "$work/ready" ] || sleep 0.1; done
{
    for n in 0 1 2 3 4 5 6 7 8 9; do
        printf 'apiVersion: nova.dev/v1\nkind: VirtualMachine\nmetadata: {name: vm-%s}\n' "$n"
        printf 'spec: {runState: Stopped, disks: [{name: root, blank: true, size: 1Gi}]}\n---\n'
    done
} | "$BIN/nova-vm" create -f - --no-wait >/dev/null

python3 - "$BIN" "$runs" <<'PYTHON'
import os
import sys
import time

bin_dir, runs = sys.argv[1], int(sys.argv[2])
vm = f"{bin_dir}/nova-vm"
ways = {
    "/bin/true": ["/bin/true"],
    "nova-vm --version": [vm, "--version"],
    "nova-vm --help": [vm, "--help"],
    "nova-vm list (10)": [vm, "list"],
}
null = os.open("/dev/null", os.O_WRONLY)


def once(argv):
    start = time.perf_counter_ns()
    child = os.posix_spawn(argv[0], argv, os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, null, 1)])
    _, status = os.waitpid(child, 0)
    spent = time.perf_counter_ns() - start
    if status != 0:
        sys.exit(f"startup.sh: {argv} ended with status {status}")
    return spent


samples = {name: [] for name in ways}
for turn in range(runs + 10):
    for name, argv in ways.items():
        spent = once(argv)
        if turn >= 10:  # the first turns warm caches
            samples[name].append(spent)
best = {name: min(times) for name, times in samples.items()}
print(f"{runs} alternating runs each, milliseconds")
print(f"{'':20}{'minimum':>9}{'median':>9}{'ratio':>8}")
for name, times in samples.items():
    median = sorted(times)[len(times) // 2]
    print(f"{name:20}{best[name] / 1e6:9.2f}{median / 1e6:9.2f}{best[name] / best['/bin/true']:8.2f}")
if best["nova-vm --version"] > 3 * best["/bin/true"]:
    sys.exit("startup.sh: --version takes more than three times as long as /bin/true")
PYTHON
