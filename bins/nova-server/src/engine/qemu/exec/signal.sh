# Signals a command and all of its group: signal.sh PID NAME
kill -s "$2" -- "-$1" 2>/dev/null || kill -s "$2" "$1"
