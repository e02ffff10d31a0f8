#!/bin/sh
# From nothing to a guest whose agent answers: `nova vm create` beside a bare QEMU command line
# with the same kernel, initial RAM disk, memory and accelerator. Interleaved, minima compared;
# fails when ours is more than 150 ms slower.
#
# Usage: tests/bench/boot.sh [BOOTS]      (default 10, at least 10)
#   BIN=DIR   take the tools from here instead of building them (profile dist)
set -eu

boots=${1:-10}
root=$(cd "$(dirname "$0")/../.." && pwd)
if [ -z "${BIN:-}" ]; then
    (cd "$root" && cargo build --quiet --profile dist -p nova-vm -p nova-image &&
        cargo build --quiet --profile dist-server -p nova-server)
    target=${CARGO_TARGET_DIR:-$root/target}
    BIN=$(mktemp -d)
    cp "$target/dist/nova-vm" "$target/dist/nova-image" "$target/dist-server/nova-server" "$BIN/"
fi

# Short, since socket paths have a limit.
work=$(mktemp -d /tmp/nbXXXXXX)
finish() {
    "$BIN/nova-vm" delete --all --force -y >/dev/null 2>&1 || :
    "$BIN/nova-server" stop >/dev/null 2>&1 || :
    rm -rf "$work"
}
trap finish EXIT INT TERM
cache=${NOVA_CACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/nova}
export HOME="$work" NOVA_SYSTEM_DIR="$work/none" NOVA_CACHE_DIR="$cache" NOVA_EXEC_PATH="$BIN"
unset XDG_RUNTIME_DIR XDG_CONFIG_HOME XDG_DATA_HOME XDG_STATE_HOME
"$BIN/nova-image" build tiny >/dev/null
"$BIN/nova-image" get tiny -n public -o json >"$work/image.json"

python3 - "$BIN" "$work" "$boots" <<'PYTHON'
import json
import os
import socket
import subprocess
import sys
import time

bin_dir, work, boots = sys.argv[1], sys.argv[2], int(sys.argv[3])
image = json.load(open(f"{work}/image.json"))["spec"]
data = f"{work}/.local/share/nova/server/images/sha256"


def file_of(name):
    return f"{data}/{image['files'][name]['sha256']}"


def bare():
    """Seconds from the spawn of QEMU to the first answer of the guest agent."""
    run = f"{work}/bare"
    os.makedirs(run, exist_ok=True)
    agent = f"{run}/qga.sock"
    if os.path.exists(agent):
        os.unlink(agent)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(agent)
    listener.listen(1)
    argv = ["qemu-system-x86_64", "-nodefaults", "-no-user-config", "-display", "none",
            "-machine", "q35,accel=tcg", "-cpu", "max", "-m", "512M", "-smp", "1",
            "-kernel", file_of("kernel"), "-initrd", file_of("initrd"),
            "-append", image.get("cmdline", "") + " console=ttyS0",
            "-serial", f"file:{run}/serial.log",
            "-netdev", "user,id=n0", "-device", "virtio-net-pci,netdev=n0",
            "-object", "rng-random,id=rng0,filename=/dev/urandom",
            "-device", "virtio-rng-pci,rng=rng0", "-device", "virtio-balloon-pci",
            "-device", "virtio-serial-pci", "-chardev", f"socket,id=qga0,path={agent}",
            "-device", "virtserialport,chardev=qga0,name=org.qemu.guest_agent.0"]
    start = time.perf_counter()
    qemu = subprocess.Popen(argv)
    try:
        listener.settimeout(60)
        channel, _ = listener.accept()
        # QEMU takes it from the socket when the guest opens its end, not before.
        channel.sendall(b'{"execute":"guest-ping"}\n')
        channel.settimeout(60)
        answer = b""
        while b"return" not in answer:
            more = channel.recv(4096)
            if not more:
                sys.exit("boot.sh: the bare guest went away")
            answer += more
        return time.perf_counter() - start
    finally:
        qemu.kill()
        qemu.wait()
        listener.close()


def ours(turn):
    name = f"bench-{turn}"
    start = time.perf_counter()
    subprocess.run([f"{bin_dir}/nova-vm", "create", name, "--image", "tiny", "-q"], check=True,
                   stdout=subprocess.DEVNULL)
    spent = time.perf_counter() - start
    subprocess.run([f"{bin_dir}/nova-vm", "delete", name, "--force", "-y", "-q"], check=True,
                   stdout=subprocess.DEVNULL)
    return spent


times = {"bare QEMU": [], "nova vm create": []}
for turn in range(boots):
    times["bare QEMU"].append(bare())
    times["nova vm create"].append(ours(turn))
print(f"{boots} interleaved boots each, seconds to an answering agent")
print(f"{'':16}{'minimum':>9}{'median':>9}")
for name, samples in times.items():
    print(f"{name:16}{min(samples):9.3f}{sorted(samples)[len(samples) // 2]:9.3f}")
difference = min(times["nova vm create"]) - min(times["bare QEMU"])
print(f"difference of the minima: {difference * 1000:.0f} ms (limit 150 ms)")
if difference > 0.150:
    sys.exit("boot.sh: create is too slow")
PYTHON
