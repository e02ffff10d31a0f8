# Prints what is left of the output and removes the directory:
# collect.sh DIR OUT_PIECE OUT_OFFSET ERR_PIECE ERR_OFFSET FORCE
# Exit codes: 3 too much is left, 4 output still comes, 5 there never was a directory.
d=$1
[ -d "$d" ] || exit 5
i=0
until [ -e "$d/o.end" ] && [ -e "$d/e.end" ]; do
    [ "$6" = 1 ] && break
    i=$((i + 1))
    [ "$i" -gt 20 ] && exit 4
    sleep 0.02 2>/dev/null || sleep 1
done
[ -s "$d/o.$(($2 + 2))" ] && exit 3
[ -s "$d/e.$(($4 + 2))" ] && exit 3
rest() {
    [ -s "$d/$1.$2" ] && tail -c +$(($3 + 1)) "$d/$1.$2"
    [ -s "$d/$1.$(($2 + 1))" ] && cat "$d/$1.$(($2 + 1))"
}
rest o "$2" "$3"
rest e "$4" "$5" >&2
while read -r p; do kill "$p" 2>/dev/null; done <"$d/helpers"
rm -rf "$d"
exit 0
