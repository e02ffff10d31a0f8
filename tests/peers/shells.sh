#!/usr/bin/env bash
# Makes sure that zsh and fish are here, in which completion is tried. Installs what is missing with
# apt, without questions, and prints the versions. Fast when there is nothing to do.
set -euo pipefail

missing=()
for shell in zsh fish; do
  command -v "$shell" >/dev/null || missing+=("$shell")
done

# Runs a command as root, if this user can without being asked for a password.
as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
    sudo -n "$@"
  else
    echo "shells.sh: needs root for: $*" >&2
    return 1
  fi
}

# Other packages may be installed at the same time, so wait for the lock.
apt() {
  as_root env DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 \
    apt-get -q -y -o DPkg::Lock::Timeout=120 -o Dpkg::Options::=--force-confold "$@"
}

if [ ${#missing[@]} -gt 0 ]; then
  command -v apt-get >/dev/null || {
    echo "shells.sh: install ${missing[*]} by hand: there is no apt-get" >&2
    exit 1
  }
  log=$(mktemp -t nova-shells.XXXXXX)
  echo "shells.sh: installing ${missing[*]}"
  if ! { apt update && apt install --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
    tail -n 5 "$log" >&2
    echo "shells.sh: could not install ${missing[*]}; log: $log" >&2
    exit 1
  fi
  rm -f "$log"
fi

zsh --version
fish --version
