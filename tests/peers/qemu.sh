#!/usr/bin/env bash
# Makes sure that QEMU is here: the machine emulator and qemu-img. Installs what is missing with apt,
# without questions, and prints the versions. Fast when there is nothing to do.
set -euo pipefail
. "$(dirname "$0")/lib/apt.sh"

case "$(uname -m)" in
x86_64) emulator=qemu-system-x86_64 package=qemu-system-x86 ;;
aarch64) emulator=qemu-system-aarch64 package=qemu-system-arm ;;
*) echo "qemu.sh: no QEMU package is known for $(uname -m)" >&2; exit 1 ;;
esac

missing=()
command -v "$emulator" >/dev/null || missing+=("$package")
command -v qemu-img >/dev/null || missing+=(qemu-utils)

install_packages "${missing[@]}"

"$emulator" --version | head -n 1
qemu-img --version | head -n 1
