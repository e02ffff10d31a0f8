# Completion of nova for fish.
# Install it with the line that `nova completion` prints.

function __nova_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l lines ($words[1] __complete $words[2..-1] "$current" 2>/dev/null)
    or return
    set -l bits (string replace -r '^:' '' -- $lines[-1])
    set -e lines[-1]
    if test (count $lines) -eq 0
        if test (math "bitand($bits, 4)") -eq 0
            if test (math "bitand($bits, 16)") -ne 0
                __fish_complete_directories "$current"
            else
                __fish_complete_path "$current"
            end
        end
        return
    end
    printf '%s\n' $lines
end

for program in @PROGRAMS@
    complete -c $program -f -a '(__nova_complete)'
end
