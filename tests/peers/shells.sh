#!/usr/bin/env bash
# Makes sure that zsh and fish are here, in which completion is tried. Installs what is missing with
# apt, without questions, and prints the versions. Fast when there is nothing to do.
set -euo pipefail
. "$(dirname "$0")/lib/apt.sh"

missing=()
for shell in zsh fish; do
  command -v "$shell" >/dev/null || missing+=("$shell")
done
install_packages "${missing[@]}"

zsh --version
fish --version
