# Sourced by the peers that install Debian packages.

# Runs a command as root, if this user can without being asked for a password.
as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
    sudo -n "$@"
  else
    echo "$(basename "$0"): needs root for: $*" >&2
    return 1
  fi
}

# Other packages may be installed at the same time, so wait for the lock.
apt() {
  as_root env DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 \
    apt-get -q -y -o DPkg::Lock::Timeout=120 -o Dpkg::Options::=--force-confold "$@"
}

# Installs packages; what apt says is shown only when it fails.
install_packages() {
  local log peer
  peer=$(basename "$0")
  [ $# -gt 0 ] || return 0
  command -v apt-get >/dev/null || { echo "$peer: install $* by hand: there is no apt-get" >&2; return 1; }
  log=$(mktemp -t nova-peer.XXXXXX)
  echo "$peer: installing $*"
  if ! { apt update && apt install --no-install-recommends "$@"; } >"$log" 2>&1; then
    tail -n 5 "$log" >&2
    echo "$peer: could not install $*; log: $log" >&2
    echo "$peer: try: sudo apt-get update && sudo apt-get install -y $*" >&2
    return 1
  fi
  rm -f "$log"
}
