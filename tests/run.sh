#!/usr/bin/env bash
# The one test command: installs the peers that tests need, checks format and lints, builds, and
# runs every test. With a test's name (or a part of it), only those of the black-box suite.
#   ./tests/run.sh            everything
#   ./tests/run.sh exec       black-box tests whose name holds `exec`
set -euo pipefail
cd "$(dirname "$0")/.."

step() { printf '\n== %s\n' "$*"; }

case ":$PATH:" in *":$HOME/.cargo/bin:"*) ;; *) export PATH="$PATH:$HOME/.cargo/bin" ;; esac
command -v cargo >/dev/null || { echo "tests/run.sh: cargo is not installed; see README.md" >&2; exit 2; }

step "peers"
for peer in tests/peers/*.sh; do
  if ! bash "$peer"; then
    [ "${NOVA_TEST_PEERS:-}" != required ] || { echo "tests/run.sh: $peer failed" >&2; exit 1; }
    echo "tests/run.sh: $peer failed; its tests will say that they are skipped"
  fi
done

if [ $# -gt 0 ]; then
  step "black-box tests: $*"
  exec cargo test --quiet --test suite -- "$@"
fi

step "format"
cargo fmt --all --check

step "lints"
cargo clippy --quiet --workspace --all-targets -- -D warnings

step "unit tests"
cargo test --quiet --workspace --exclude nova-toolkit

step "black-box tests"
cargo test --test suite
