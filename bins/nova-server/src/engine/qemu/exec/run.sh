# Runs a command for the engine: run.sh DIR STDIN USER CWD N [NAME=VALUE ×N] COMMAND...
# The output goes through pipes into numbered pieces, which the engine reads and empties; a reader
# that is slow slows the command down instead of filling the guest's memory.
d=$1 stdin=$2 user=$3 cwd=$4 n=$5
shift 5
PATH=${PATH:-/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin} HOME=${HOME:-/root}
NOVA_EXEC=$d
export PATH HOME NOVA_EXEC
[ -d "${d%/*}" ] || mkdir -p "${d%/*}"
mkdir -m 700 "$d" && mkfifo "$d/o" "$d/e" "$d/i" "$d/c" || exit 125
echo $$ >"$d/main"

relay() {
    k=0
    while :; do
        dd bs=4096 count=256 of="$d/$1.$k" 2>/dev/null
        [ -s "$d/$1.$k" ] || break
        k=$((k + 1))
        while [ "$k" -ge 4 ] && [ -s "$d/$1.$((k - 4))" ]; do sleep 0.02 2>/dev/null || sleep 1; done
    done
    : >"$d/$1.end"
}
feed() {
    while read -r k && [ "$k" != end ] && cat "$d/i.$k"; do rm -f "$d/i.$k"; done
}
fail() {
    echo "$2" >&2
    exit "$1"
}

# Grandchildren, so that the command has no children it did not make.
(
    relay o <"$d/o" & echo $! >>"$d/helpers"
    relay e <"$d/e" & echo $! >>"$d/helpers"
)
exec >"$d/o" 2>"$d/e"
if [ "$stdin" = 1 ]; then
    (feed <"$d/c" >"$d/i" & echo $! >>"$d/helpers")
    exec <"$d/i"
else
    exec </dev/null
fi

if [ -n "$user" ]; then
    uid=
    while IFS=: read -r name x uid gid x home x; do
        [ "$name" = "$user" ] && break
        uid=
    done </etc/passwd
    [ -n "$uid" ] || fail 126 "the guest has no user $user"
    HOME=$home USER=$user LOGNAME=$user
    export HOME USER LOGNAME
fi
if [ -n "$cwd" ]; then
    case $cwd in /*) ;; *) cwd=./$cwd ;; esac
    cd "$cwd" 2>/dev/null || fail 126 "the guest has no directory $cwd to work in"
fi
if [ "$n" -gt 0 ]; then
    set -- env "$@"
else
    case $1 in
    */*)
        [ -e "$1" ] || fail 127 "$1: not found in the guest"
        [ -x "$1" ] && [ ! -d "$1" ] || fail 126 "$1: not executable in the guest"
        ;;
    *) command -v "$1" >/dev/null 2>&1 || fail 127 "$1: not found in the guest" ;;
    esac
fi
if [ -n "$user" ]; then
    if setpriv --help 2>&1 | grep -q -e --reuid; then
        set -- setpriv --reuid="$uid" --regid="$gid" --init-groups "$@"
    else
        set -- su -s /bin/sh -c 'exec "$0" "$@"' -- "$user" "$@"
    fi
fi
# A session of its own, so that a signal can reach all of it and nothing else. A group leader would
# fork there, and its parent would end at once.
read -r x x x x group x <"/proc/$$/stat"
if [ "$group" != "$$" ] && command -v setsid >/dev/null 2>&1; then
    set -- setsid "$@"
fi
exec "$@"
