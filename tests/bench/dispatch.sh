#!/bin/sh
# What the dispatcher adds to an external command, beside what git adds to one.
#
# Runs a static program that does nothing in three ways, alternating so that load hits all
# of them alike: directly, as `nova ok`, and as `git ok`. Prints the minimum of each, the
# added times and their ratio. Fails when nova adds more than half of what git adds, or the
# static dispatcher is larger than 1.6 MB.
#
# Usage: tests/bench/dispatch.sh [RUNS]      (default 600, at least 300)
#   NOVA=PATH   measure this dispatcher instead of building a static one
set -eu

runs=${1:-600}
if [ "$runs" -lt 300 ]; then
    echo "dispatch.sh: RUNS must be at least 300" >&2
    exit 2
fi
for program in python3 git rustc; do
    if ! command -v "$program" >/dev/null; then
        echo "dispatch.sh: $program is needed" >&2
        exit 2
    fi
done

root=$(cd "$(dirname "$0")/../.." && pwd)
if [ -z "${NOVA:-}" ]; then
    host=$(rustc -vV | sed -n 's/^host: //p')
    # An explicit target, since proc macros cannot be static.
    (cd "$root" && RUSTFLAGS="-C target-feature=+crt-static" \
        cargo build --quiet --profile dist -p nova --target "$host")
    NOVA=${CARGO_TARGET_DIR:-$root/target}/$host/dist/nova
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT INT TERM
mkdir "$work/bin" "$work/tools" "$work/home"
echo 'fn main() {}' >"$work/ok.rs"
rustc --edition 2024 -C opt-level=s -C strip=symbols -C target-feature=+crt-static \
    -o "$work/bin/nova-ok" "$work/ok.rs"
cp "$work/bin/nova-ok" "$work/bin/git-ok"
# Away from the tools, as an installed dispatcher is from what third parties put on PATH.
cp "$NOVA" "$work/tools/nova"

exec_path="$work/bin:/usr/local/bin:/usr/bin:/bin"
env -i HOME="$work/home" PATH="$exec_path" LANG=C.UTF-8 GIT_CONFIG_NOSYSTEM=1 \
    "$(command -v python3)" - "$work" "$(command -v git)" "$runs" <<'PYTHON'
import os
import sys
import time

work, git, runs = sys.argv[1], sys.argv[2], int(sys.argv[3])
ways = {
    "direct": [f"{work}/bin/nova-ok"],
    "nova ok": [f"{work}/tools/nova", "ok"],
    "git ok": [git, "ok"],
}


def once(argv):
    start = time.perf_counter_ns()
    child = os.posix_spawn(argv[0], argv, os.environ)
    _, status = os.waitpid(child, 0)
    spent = time.perf_counter_ns() - start
    if status != 0:
        sys.exit(f"dispatch.sh: {argv} ended with status {status}")
    return spent


samples = {name: [] for name in ways}
for turn in range(runs + 20):
    for name, argv in ways.items():
        spent = once(argv)
        if turn >= 20:  # the first turns warm caches
            samples[name].append(spent)

best = {name: min(times) for name, times in samples.items()}
median = {name: sorted(times)[len(times) // 2] for name, times in samples.items()}
print(f"{runs} alternating runs each, milliseconds")
print(f"{'':10}{'minimum':>9}{'median':>9}{'added':>9}")
for name in ways:
    added = (best[name] - best["direct"]) / 1e6
    print(f"{name:10}{best[name] / 1e6:9.3f}{median[name] / 1e6:9.3f}{added:9.3f}")

ratio = (best["nova ok"] - best["direct"]) / (best["git ok"] - best["direct"])
size = os.path.getsize(ways["nova ok"][0])
print(f"nova adds {ratio:.2f} of what git adds (target: at most 0.50)")
print(f"dispatcher: {size / 1e6:.2f} MB (target: at most 1.60)")
sys.exit(0 if ratio <= 0.5 and size <= 1_600_000 else 1)
PYTHON
