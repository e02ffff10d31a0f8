#!/bin/sh
# Sizes of the published executables, beside their limits. Fails when one is over.
#
# Usage: tests/bench/sizes.sh
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
target=${CARGO_TARGET_DIR:-$root/target}
host=$(rustc -vV | sed -n 's/^host: //p')
cd "$root"
# The dispatcher is static, which needs an explicit target since proc macros cannot be.
RUSTFLAGS="-C target-feature=+crt-static" cargo build --quiet --profile dist -p nova --target "$host"
cargo build --quiet --profile dist -p nova-vm -p nova-image -p nova-config -p nova-cluster \
    -p nova-node -p nova-namespace -p nova-operation
cargo build --quiet --profile dist-server -p nova-server
cargo build --quiet --profile dist-server --bin nova-box

worst=0
row() { # NAME FILE LIMIT
    size=$(stat -c %s "$2")
    verdict=ok
    if [ "$size" -gt "$3" ]; then
        verdict="over the limit"
        worst=1
    fi
    printf '%-16s %10s bytes   limit %10s   %s\n' "$1" "$size" "$3" "$verdict"
}
row nova "$target/$host/dist/nova" 1600000
row nova-vm "$target/dist/nova-vm" 4000000
for tool in image config cluster node namespace operation; do
    row "nova-$tool" "$target/dist/nova-$tool" 6000000
done
row nova-server "$target/dist-server/nova-server" 16000000
row nova-box "$target/dist-server/nova-box" 16000000
exit $worst
