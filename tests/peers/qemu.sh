#!/usr/bin/env bash
# Makes sure that QEMU is here: the machine emulator and qemu-img. Installs what is missing with apt,
# without questions, and prints the versions. Fast when there is nothing to do.
set -euo pipefail

case "$(uname -m)" in
x86_64) emulator=qemu-system-x86_64 package=qemu-system-x86 ;;
aarch64) emulator=qemu-system-aarch64 package=qemu-system-arm ;;
*) echo "qemu.sh: no QEMU package is known for $(uname -m)" >&2; exit 1 ;;
esac

missing=()
command -v "$emulator" >/dev/null || missing+=("$package")
command -v qemu-img >/dev/null || missing+=(qemu-utils)

# Runs a command as root, if this user can without being asked for a password.
as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
    sudo -n "$@"
  else
    echo "qemu.sh: needs root for: $*" >&2
    return 1
  fi
}

# Other packages may be installed at the same time, so wait for the lock.
apt() {
  as_root env DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 \
    apt-get -q -y -o DPkg::Lock::Timeout=120 -o Dpkg::Options::=--force-confold "$@"
}

if [ ${#missing[@]} -gt 0 ]; then
  command -v apt-get >/dev/null || { echo "qemu.sh: install ${missing[*]} by hand: there is no apt-get" >&2; exit 1; }
  log=$(mktemp -t nova-qemu.XXXXXX)
  echo "qemu.sh: installing ${missing[*]}"
  if ! { apt update && apt install --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
    tail -n 5 "$log" >&2
    echo "qemu.sh: could not install ${missing[*]}; log: $log" >&2
    echo "qemu.sh: try: sudo apt-get update && sudo apt-get install -y ${missing[*]}" >&2
    exit 1
  fi
  rm -f "$log"
fi

"$emulator" --version | head -n 1
qemu-img --version | head -n 1
