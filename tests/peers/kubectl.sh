#!/usr/bin/env bash
# Finds stock kubectl in several minor versions, 1.29 or newer, and links them into
# target/peers/kubectl as kubectl-1.NN. Takes the one on PATH and those installed beside it; where
# these are fewer than three and Go is here, builds others from the Go module k8s.io/kubectl. Fast
# when there is nothing to do. KUBECTL_BUILD=always builds also where others are found.
set -euo pipefail
cd "$(dirname "$0")/../.."

wanted=3 oldest=29
build=(0.29.15 0.32.9 0.34.1)
dir=$PWD/target/peers/kubectl
mkdir -p "$dir"

# The minor version that a program says it has, or nothing.
minor_of() {
  { timeout 20 "$1" version --client -o yaml 2>/dev/null || true; } |
    sed -n 's/^ *gitVersion: *v1\.\([0-9]*\)\..*/\1/p' | head -n 1
}

link() {
  local minor
  minor=$(minor_of "$1")
  [ -n "$minor" ] && [ "$minor" -ge "$oldest" ] || return 0
  [ -e "$dir/kubectl-1.$minor" ] || ln -sf "$1" "$dir/kubectl-1.$minor"
}

have() { find -L "$dir" -maxdepth 1 -name 'kubectl-1.*' -type f | wc -l; }

# Links of programs that were removed since.
find "$dir" -maxdepth 1 -xtype l -delete

if [ "$(have)" -lt "$wanted" ] && found=$(command -v kubectl); then
  real=$(readlink -f "$found")
  # Beside a wrapper that chooses among versions lie the versions themselves.
  for file in "$(dirname "$real")"/kubectl.1.*; do
    [ ! -x "$file" ] || link "$file"
  done
  [ "$(have)" -ge "$wanted" ] || link "$real"
fi

go=$(command -v go || true)
[ -n "$go" ] || [ ! -x /usr/local/go/bin/go ] || go=/usr/local/go/bin/go

# Builds kubectl from the module's version $1.
build() {
  local work target
  target=$dir/kubectl-1.$(echo "$1" | cut -d. -f2)
  [ ! -e "$target" ] || return 0
  echo "kubectl.sh: building k8s.io/kubectl v$1"
  work=$(mktemp -d)
  cat >"$work/main.go" <<'GO'
package main

import (
	"os"

	"k8s.io/component-base/cli"
	"k8s.io/kubectl/pkg/cmd"
)

func main() {
	os.Exit(cli.Run(cmd.NewDefaultKubectlCommand()))
}
GO
  if ! (cd "$work" && "$go" mod init nova.test/kubectl && "$go" get "k8s.io/kubectl@v$1" &&
    "$go" mod tidy && CGO_ENABLED=0 "$go" build -trimpath \
      -ldflags "-s -w -X k8s.io/component-base/version.gitVersion=v1.${1#0.} -X k8s.io/component-base/version.gitMajor=1" \
      -o "$target" .) >"$work/log" 2>&1; then
    tail -n 5 "$work/log" >&2
    echo "kubectl.sh: could not build k8s.io/kubectl v$1" >&2
  fi
  rm -rf "$work"
}

if [ -n "$go" ]; then
  for version in "${build[@]}"; do
    [ "$(have)" -lt "$wanted" ] || [ "${KUBECTL_BUILD:-}" = always ] || break
    build "$version"
  done
fi

found=$(find -L "$dir" -maxdepth 1 -name 'kubectl-1.*' -type f -printf '%f\n' | sort -V | tr '\n' ' ')
[ -n "$found" ] || { echo "kubectl.sh: neither kubectl nor Go is here; its tests say that they are skipped"; exit 0; }
echo "kubectl.sh: $found"
