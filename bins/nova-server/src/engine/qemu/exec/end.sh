# Ends commands of the engine and removes their directories: end.sh DIR...
for d; do
    [ -d "$d" ] || continue
    read -r p <"$d/main"
    # The number may be another process's by now; ours carries the directory's name.
    if grep -q "NOVA_EXEC=$d" "/proc/$p/environ" 2>/dev/null; then
        kill -s TERM -- "-$p" 2>/dev/null || kill -s TERM "$p"
        i=0
        while kill -s 0 "$p" 2>/dev/null && [ "$i" -lt 50 ]; do
            i=$((i + 1))
            sleep 0.02 2>/dev/null || sleep 1
        done
        kill -s KILL -- "-$p" 2>/dev/null || kill -s KILL "$p" 2>/dev/null
    fi
    while read -r p; do kill "$p" 2>/dev/null; done <"$d/helpers"
    rm -rf "$d"
done
exit 0
