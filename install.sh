#!/usr/bin/env bash
# Builds the toolkit and installs it below ~/.local. Run it again to update; see usage below.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

usage() {
  cat <<'EOF'
Usage: ./install.sh [OPTIONS]

Builds the toolkit, installs its programs and manual pages, and says what it does at each step.
It asks before it installs packages of the distribution.

Options:
  --demo         afterwards boot a virtual machine, run a command in it and show it
  -y             do not ask (for scripts)
  --prefix DIR   install to DIR/bin and DIR/share instead of ~/.local
  --compact      one executable with all tools in it, and links to it: smaller
  --service      start the server with the machine, by systemd
  --uninstall    remove what an earlier run installed; your machines and settings stay
  -h, --help     print this
EOF
}

# ---- what was asked for -------------------------------------------------------------------------

DEMO='' YES='' COMPACT='' SERVICE='' UNINSTALL='' PREFIX="${HOME:?HOME is not set}/.local"

parse_options() {
  while [ $# -gt 0 ]; do
    case $1 in
    --demo) DEMO=1 ;;
    -y | --yes) YES=1 ;;
    --prefix) [ -n "${2:-}" ] || bad_usage "--prefix needs a directory"; PREFIX=$2; shift ;;
    --prefix=?*) PREFIX=${1#*=} ;;
    --compact) COMPACT=1 ;;
    --service) SERVICE=1 ;;
    --uninstall) UNINSTALL=1 ;;
    -h | --help) usage; exit 0 ;;
    *) bad_usage "unknown option '$1'" ;;
    esac
    shift
  done
  case $PREFIX in /*) ;; *) PREFIX=$PWD/$PREFIX ;; esac
  BIN=$PREFIX/bin MAN=$PREFIX/share/man MANIFEST=$PREFIX/share/nova-toolkit/manifest
}

bad_usage() {
  echo "error: $1" >&2
  echo "  hint: ./install.sh --help" >&2
  exit 2
}

# ---- saying and doing ---------------------------------------------------------------------------

open_log() {
  local dir=${XDG_STATE_HOME:-$HOME/.local/state}/nova
  if mkdir -p "$dir" 2>/dev/null && : 2>/dev/null >"$dir/install.log"; then
    LOG=$dir/install.log
  else
    LOG=$(mktemp -t nova-install.XXXXXX)
  fi
}

say() { printf '%s\n' "$*"; }

# step TEXT COMMAND...: says TEXT, runs COMMAND with its output in the log, and stops when it fails.
# Set NEXT to the command that a reader should try then.
step() {
  local text=$1 start=$SECONDS
  shift
  say "==> $text"
  printf '\n== %s\n+ %s\n' "$text" "$*" >>"$LOG"
  show_life "$start" &
  local life=$! code=0
  "$@" >>"$LOG" 2>&1 </dev/null || code=$?
  kill "$life" 2>/dev/null || :
  wait "$life" 2>/dev/null || :
  if in_place; then printf '\r\033[K'; fi
  [ "$code" = 0 ] || fail "$text" "$code"
  [ $((SECONDS - start)) -lt 5 ] || say "    took $((SECONDS - start)) s"
}

# Whether a line can be written over.
in_place() { [ -t 1 ] && [ "${TERM:-dumb}" != dumb ]; }

# Shows that a long step goes on: its last line on a terminal, else a line every minute.
show_life() {
  local passed last
  while sleep 1 >/dev/null 2>&1 && kill -0 $$ 2>/dev/null; do
    passed=$((SECONDS - $1))
    if in_place; then
      last=$(tail -n 1 "$LOG" | LC_ALL=C tr -dc '[:print:]')
      [ $passed -lt 3 ] || printf '\r\033[K    %s s  %.60s' "$passed" "${last#"${last%%[! ]*}"}"
    elif [ $((passed % 60)) = 0 ]; then
      say "    $passed s so far"
    fi
  done
}

fail() {
  tail -n 8 "$LOG" | sed 's/^/    | /' >&2
  echo "error: this step failed: $1 (exit code $2)" >&2
  echo "  log:  $LOG" >&2
  echo "  next: ${NEXT:-read the log, then run ./install.sh again}" >&2
  exit 1
}

fail_early() {
  echo "error: $1" >&2
  exit 1
}

have() { command -v "$1" >/dev/null 2>&1; }

# ---- packages of the distribution ---------------------------------------------------------------

case $(uname -m) in
aarch64) EMULATOR=qemu-system-aarch64 EMULATOR_PACKAGE=qemu-system-arm ;;
*) EMULATOR=qemu-system-x86_64 EMULATOR_PACKAGE=qemu-system-x86 ;;
esac

# Fills PACKAGES with what is missing, and WHY with a line for each.
find_missing_packages() {
  PACKAGES=() WHY=()
  can_compile || want "gcc libc6-dev" "a C compiler and linker, to build with"
  have "$EMULATOR" || want "$EMULATOR_PACKAGE" "QEMU, which runs the virtual machines"
  have qemu-img || want qemu-utils "qemu-img, which makes their disks"
  have dpkg-deb || want dpkg "to unpack the packages of the guest image"
  [ -e /etc/ssl/certs/ca-certificates.crt ] || want ca-certificates "to reach the registry of Rust crates"
}

can_compile() { have cc && [ -e /usr/include/stdio.h ]; }

want() {
  local package
  for package in $1; do PACKAGES+=("$package"); done
  WHY+=("$(printf '%-18s %s' "$1" "$2")")
}

# How to become root: nothing for root, sudo where it works, 'no' where there is no way.
find_root() {
  ROOT=no
  if [ "$(id -u)" = 0 ]; then
    ROOT=''
  elif have sudo && { sudo -n true 2>/dev/null || { [ -z "$YES" ] && [ -t 0 ]; }; }; then
    ROOT=sudo
  fi
}

apt() {
  $ROOT env DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 \
    apt-get -q -y -o DPkg::Lock::Timeout=120 -o Dpkg::Options::=--force-confold "$@"
}

update_lists() {
  [ -z "${UPDATED:-}" ] || return 0
  # sudo asks for its password here, in sight, rather than into the log.
  [ -z "$ROOT" ] || sudo -v
  step "update the package lists" apt update
  UPDATED=1
}

install_packages() {
  [ ${#PACKAGES[@]} -gt 0 ] || return 0
  local by_hand="apt-get update && apt-get install -y --no-install-recommends ${PACKAGES[*]}"
  if ! have apt-get || [ "$ROOT" = no ]; then
    say "==> these packages are missing, and I may not install them here:"
    printf '      %s\n' "${WHY[@]}"
    say "    as root: $by_hand"
    can_compile || fail_early "nothing can be built without a C compiler and its headers"
    say "    going on without them"
    return 0
  fi
  NEXT=${ROOT:+sudo }"sh -c '$by_hand'"
  update_lists
  step "install ${PACKAGES[*]}" apt install --no-install-recommends "${PACKAGES[@]}"
  NEXT=''
}

# ---- Rust ---------------------------------------------------------------------------------------

RUST_NEEDED=1.95
RUSTUP_LINE="curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh -s -- -y --profile minimal"

# Sets RUST to ready, package (the distribution's rustup helps), unknown (apt has no lists yet) or
# missing.
find_rust() {
  local cargo_bin=${CARGO_HOME:-$HOME/.cargo}/bin
  case ":$PATH:" in *":$cargo_bin:"*) ;; *) PATH=$cargo_bin:$PATH ;; esac
  RUST=missing
  if cargo_is_new_enough; then
    RUST=ready
  elif have rustup || apt_knows rustup; then
    RUST=package
  elif have apt-get && [ "$ROOT" != no ] && ! apt_knows apt; then
    RUST=unknown
  fi
}

apt_knows() { apt-cache show --no-all-versions "$1" 2>/dev/null | grep '^Filename:' >/dev/null; }

cargo_is_new_enough() {
  local version
  version=$(cargo --version 2>/dev/null) || return 1
  version=${version#cargo }
  [ "$(printf '%s\n' "$RUST_NEEDED" "${version%% *}" | sort -V | sed -n 1p)" = "$RUST_NEEDED" ]
}

get_rust() {
  if [ "$RUST" = unknown ]; then
    update_lists
    find_rust
  fi
  [ "$RUST" = package ] && install_rust
  cargo_is_new_enough || rust_missing
}

install_rust() {
  if ! have rustup; then
    [ "$ROOT" != no ] || rust_missing
    NEXT=$RUSTUP_LINE
    update_lists
    step "install rustup of the distribution" apt install --no-install-recommends rustup
  fi
  NEXT="rustup toolchain install stable --profile minimal"
  step "install the stable Rust toolchain" rustup toolchain install stable --profile minimal
  export RUSTUP_TOOLCHAIN=stable
  hash -r
  NEXT=''
}

rust_missing() {
  echo "error: building needs cargo $RUST_NEEDED or newer; here is: $(cargo --version 2>/dev/null || echo none)" >&2
  echo "  next: $RUSTUP_LINE" >&2
  echo "        then run ./install.sh again; no new shell is needed" >&2
  exit 1
}

# ---- the plan -----------------------------------------------------------------------------------

show_plan() {
  say "This will:"
  if [ ${#PACKAGES[@]} -gt 0 ]; then
    say "  - install these packages of the distribution:"
    printf '      %s\n' "${WHY[@]}"
  fi
  case $RUST in
  package) say "  - install rustup of the distribution and the stable Rust toolchain, to build with" ;;
  unknown) say "  - look for rustup in the distribution, and install the stable Rust toolchain with it" ;;
  esac
  say "  - build the toolkit here (a few minutes the first time) and install it to $BIN"
  [ -z "$SERVICE" ] || say "  - install a systemd unit that runs the server"
  [ -z "$DEMO" ] || say "  - download a small guest image, and boot a virtual machine from it"
}

# Updating what is installed needs no question.
confirm_plan() {
  if [ -n "$YES" ] || { [ ${#PACKAGES[@]} -eq 0 ] && [ "$RUST" = ready ] && [ -e "$MANIFEST" ]; }; then
    return 0
  fi
  if [ ! -t 0 ]; then
    echo "error: nobody is here to ask; say -y to go on without a question" >&2
    exit 2
  fi
  local answer
  printf 'Go on? [Y/n] '
  read -r answer
  case $answer in '' | [yY] | [yY]es) ;; *) say "Nothing was changed."; exit 1 ;; esac
}

# ---- building and installing --------------------------------------------------------------------

build() {
  local what=(--workspace --exclude nova-toolkit --bins)
  [ -z "$COMPACT" ] || what=(--package nova-toolkit --bin nova-box)
  NEXT="cargo build --release --locked ${what[*]}"
  step "build (cargo build --release)" cargo build --release --locked "${what[@]}"
  NEXT=''
  BUILT=$(cargo metadata --no-deps --format-version 1 --offline 2>>"$LOG" |
    sed -n 's/.*"target_directory":"\([^"]*\)".*/\1/p')/release
}

tools() {
  local manifest
  for manifest in bins/*/Cargo.toml; do basename "$(dirname "$manifest")"; done
}

# Functions run by `step` must pass failures on by hand: the shell does not stop at them there.

# put MODE SOURCE TARGET: installs one file whole or not at all, also over a running program.
put() {
  make_dir "$(dirname "$3")" || return
  INSTALLED+=("$3")
  if [ ! -L "$3" ] && cmp -s "$2" "$3"; then return 0; fi
  cp "$2" "$3.new$$" && chmod "$1" "$3.new$$" && mv -f "$3.new$$" "$3"
}

put_link() {
  make_dir "$(dirname "$2")" || return
  INSTALLED+=("$2")
  ln -sfn "$1" "$2"
}

# Creates a directory and remembers each level that was not there, so that it can go again.
make_dir() {
  [ ! -d "$1" ] || return 0
  make_dir "$(dirname "$1")" || return
  mkdir "$1" && DIRS+=("$1")
}

install_files() {
  INSTALLED=() DIRS=()
  local before
  before=$(checksum "$BIN/nova-server")
  if [ -n "$COMPACT" ]; then put_compact; else put_each; fi || return
  put_manuals || return
  forget_old_files
  write_manifest || return
  [ -z "$before" ] || [ "$before" = "$(checksum "$BIN/nova-server")" ] || renew_server
}

put_each() {
  local tool
  for tool in $(tools); do put 755 "$BUILT/$tool" "$BIN/$tool" || return; done
  for tool in ghost gonuget; do put_link nova "$BIN/$tool" || return; done
}

put_compact() {
  local tool
  put 755 "$BUILT/nova-box" "$BIN/nova-box" || return
  for tool in $(tools) ghost gonuget; do put_link nova-box "$BIN/$tool" || return; done
}

put_manuals() {
  local page
  for page in man/*.[1-9]; do
    [ ! -e "$page" ] || put 644 "$page" "$MAN/man${page##*.}/${page##*/}" || return
  done
}

checksum() { [ ! -e "$1" ] || cksum <"$1"; }

# A server of the old build would go on; virtual machines do not notice when it is replaced.
renew_server() {
  if [ -n "$(installed_unit)" ] && [ -d /run/systemd/system ]; then
    service_of "$(installed_unit)"
    "${SYSTEMCTL[@]}" try-restart nova-server
  elif server_runs; then
    "$BIN/nova-server" stop
  fi || echo "the old server could not be stopped; it goes on"
}

installed_unit() { grep -s '^/.*\.service$' "$MANIFEST" || :; }

# Files of an earlier run that this one does not have, such as those of the other layout.
forget_old_files() {
  local old
  while IFS= read -r old; do
    printf '%s\n' "${INSTALLED[@]}" | grep -xF -- "$old" >/dev/null || rm -f -- "$old"
  done < <(grep -s '^/' "$MANIFEST" | grep -v '\.service$')
}

write_manifest() {
  make_dir "$(dirname "$MANIFEST")" || return
  {
    say "# What install.sh of the nova toolkit installed; ./install.sh --uninstall removes it."
    printf '%s\n' "${INSTALLED[@]}"
    installed_unit
    { printf 'dir %s\n' "${DIRS[@]}"; grep -s '^dir ' "$MANIFEST"; } | grep -v '^dir $' | sort -u
  } >"$MANIFEST.new"
  mv -f "$MANIFEST.new" "$MANIFEST"
}

# ---- the service --------------------------------------------------------------------------------

install_service() {
  if [ "$(id -u)" = 0 ]; then
    UNIT=/etc/systemd/system/nova-server.service TARGET=multi-user.target
    RUN="$BIN/nova-server run --data-dir /var/lib/nova --socket /run/nova/nova.sock"
  else
    UNIT=${XDG_CONFIG_HOME:-$HOME/.config}/systemd/user/nova-server.service TARGET=default.target
    RUN="$BIN/nova-server run"
  fi
  service_of "$UNIT"
  step "install the unit $UNIT" write_unit
  if [ -d /run/systemd/system ] && "${SYSTEMCTL[@]}" show-environment >/dev/null 2>&1; then
    NEXT="${SYSTEMCTL[*]} status nova-server"
    step "start the server by systemd, now and with the machine" enable_service
    NEXT=''
    [ "$(id -u)" = 0 ] || say "    to start it before you log in: loginctl enable-linger"
  else
    say "    systemd does not run here, so the unit is installed but not enabled"
    say "    where it runs: ${SYSTEMCTL[*]} enable --now nova-server"
  fi
}

# Sets SYSTEMCTL for a unit of the machine or of the user.
service_of() {
  case $1 in /etc/*) SYSTEMCTL=(systemctl) ;; *) SYSTEMCTL=(systemctl --user) ;; esac
}

# KillMode=process: virtual machines are children of the server and outlive it.
write_unit() {
  mkdir -p "$(dirname "$UNIT")" || return
  cat >"$UNIT" <<EOF || return
[Unit]
Description=nova server
After=network.target

[Service]
ExecStart=$RUN
Restart=on-failure
KillMode=process
RuntimeDirectory=nova
RuntimeDirectoryPreserve=yes

[Install]
WantedBy=$TARGET
EOF
  grep -qxF -- "$UNIT" "$MANIFEST" || say "$UNIT" >>"$MANIFEST"
}

enable_service() {
  "${SYSTEMCTL[@]}" daemon-reload && "${SYSTEMCTL[@]}" enable nova-server &&
    "${SYSTEMCTL[@]}" restart nova-server
}

# ---- the demo -----------------------------------------------------------------------------------

demo() {
  if ! have "$EMULATOR"; then
    say "==> no demo: $EMULATOR is not installed; afterwards run: ./install.sh --demo"
    return 0
  fi
  local nova=$BIN/nova name
  NEXT="$nova image build tiny -v"
  "$nova" image get tiny -o json 2>>"$LOG" | grep '"phase": *"Ready"' >/dev/null ||
    step "build the guest image from the distribution's packages" "$nova" image build tiny
  name=$(demo_name "$nova")
  NEXT="$nova vm logs $name"
  start_demo "$nova" "$name"
  say "==> run a command inside it: nova vm exec $name -- uname -a"
  "$nova" vm exec "$name" -- uname -a || fail "run a command inside $name" "$?"
  say "==> show it: nova vm list"
  "$nova" vm list || fail "list the virtual machines" "$?"
  DEMO_NAME=$name NEXT=''
}

# The machine of an earlier demo, else the first free name.
demo_name() {
  local names name number=1
  name=$("$1" vm list -l app=nova-demo -o name 2>>"$LOG" | sed -n 1p)
  if [ -z "$name" ]; then
    names=$("$1" vm list -o name 2>>"$LOG")
    name=demo
    while printf '%s\n' "$names" | grep -x "[^/]*/$name" >/dev/null; do
      number=$((number + 1)) name=demo-$number
    done
  fi
  say "${name##*/}"
}

start_demo() {
  if "$1" vm get "$2" >/dev/null 2>&1; then
    step "start the virtual machine $2 of the last demo" "$1" vm start "$2"
    step "wait until it is ready" "$1" vm wait "$2" --for=condition=Ready --timeout 3m
  else
    step "boot a virtual machine: nova vm create $2 --image tiny" \
      "$1" vm create "$2" --image tiny --label app=nova-demo --timeout 3m
  fi
}

# ---- the end ------------------------------------------------------------------------------------

say_goodbye() {
  say
  say "Installed to $BIN."
  [ -z "${DEMO_NAME:-}" ] || say "The virtual machine goes on; when you are done: nova vm delete $DEMO_NAME"
  case ":$ORIGINAL_PATH:" in
  *":$BIN:"*) say "Try: nova vm list" ;;
  *)
    say "Add this line to ~/.profile, and say it in this shell too:"
    say "  export PATH=\"$BIN:\$PATH\""
    ;;
  esac
}

uninstall() {
  if [ ! -e "$MANIFEST" ]; then
    echo "error: nothing was installed to $PREFIX by this script ($MANIFEST is missing)" >&2
    echo "  hint: say --prefix DIR as at the installation" >&2
    exit 1
  fi
  local file
  stop_service
  ! server_runs || stop_server
  say "==> remove $(grep -c '^/' "$MANIFEST") files listed in $MANIFEST"
  while IFS= read -r file; do rm -f -- "$file"; done < <(grep '^/' "$MANIFEST")
  # Deepest first; those that hold files of others stay.
  file=$(grep '^dir ' "$MANIFEST" | cut -c5- | sort -r)
  rm -f "$MANIFEST"
  printf '%s\n' "$file" | while IFS= read -r file; do rmdir -- "$file" 2>/dev/null || :; done
  say "Your data stays; remove it yourself if you no longer want it:"
  tell_kept "machines and images" "${XDG_DATA_HOME:-$HOME/.local/share}/nova"
  tell_kept "settings" "${XDG_CONFIG_HOME:-$HOME/.config}/nova"
  tell_kept "state and logs" "${XDG_STATE_HOME:-$HOME/.local/state}/nova"
  tell_kept "cache" "${XDG_CACHE_HOME:-$HOME/.cache}/nova"
  tell_kept "data of the service" /var/lib/nova
  say "So do packages of the distribution, such as $EMULATOR_PACKAGE."
}

tell_kept() { [ ! -d "$2" ] || say "  $(printf '%-20s' "$1") $2"; }

server_runs() { "$BIN/nova-server" status 2>/dev/null | grep '^Running: *yes' >/dev/null; }

stop_server() {
  local machines
  machines=$("$BIN/nova-server" status 2>>"$LOG" | sed -n 's/^Machines on: *//p')
  step "stop the server" "$BIN/nova-server" stop
  [ "${machines:-0}" = 0 ] ||
    say "    $machines virtual machines run on without it; a new installation finds them again"
}

stop_service() {
  local unit
  unit=$(installed_unit)
  [ -n "$unit" ] && [ -d /run/systemd/system ] || return 0
  service_of "$unit"
  step "disable the service" "${SYSTEMCTL[@]}" disable --now nova-server
}

main() {
  ORIGINAL_PATH=$PATH NEXT=''
  parse_options "$@"
  open_log
  if [ -n "$UNINSTALL" ]; then
    uninstall
    return 0
  fi
  find_root
  find_missing_packages
  find_rust
  [ "$RUST" != missing ] || rust_missing
  show_plan
  confirm_plan
  get_rust
  install_packages
  build
  step "install to $BIN" install_files
  [ -z "$SERVICE" ] || install_service
  [ -z "$DEMO" ] || demo
  say_goodbye
}

main "$@"
