# Completion of nova for bash 4 or newer.
# Install it with the line that `nova completion` prints.

_nova_complete() {
  local rest=${COMP_LINE:0:COMP_POINT} word blank i
  local -a words=()
  # bash cuts words at = and : too; put them together again, up to the cursor.
  for ((i = 0; i <= COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]} blank=${rest%%[![:space:]]*}
    rest=${rest#"$blank"}
    ((i < COMP_CWORD)) || word=$rest
    if ((i > 0)) && [[ -z $blank ]]; then
      words[${#words[@]} - 1]+=$word
    else
      words+=("$word")
    fi
    rest=${rest#"$word"}
  done

  local out
  out=$("${1/#\~/$HOME}" __complete "${words[@]:1}" 2>/dev/null) || return 0
  local bits=${out##*:} current=${words[${#words[@]} - 1]}
  out=${out%:*}
  local -a lines=()
  [[ -z $out ]] || mapfile -t lines <<<"${out%$'\n'}"
  if ((${#lines[@]} == 0)); then
    ((bits & 4)) || { ((bits & 16)) && compopt -o dirnames || compopt -o default; }
    return 0
  fi
  ((bits & 2)) && compopt -o nospace

  # What bash took for an earlier word stays where it is.
  local breaks=${COMP_WORDBREAKS//[!=:]/} kept=
  [[ -z $breaks ]] || kept=${current%"${current##*[$breaks]}"}
  local tab=$'\t'
  COMPREPLY=("${lines[@]%%"$tab"*}")
  COMPREPLY=("${COMPREPLY[@]#"$kept"}")

  # The second Tab only shows: then there is room for a word about each.
  if ((COMP_TYPE == 63 && ${#lines[@]} > 1 && ${#lines[@]} <= 100)); then
    _nova_describe
  fi
}

# Turns COMPREPLY into lines of a value and what is known about it, as wide as the terminal.
_nova_describe() {
  local widest=0 value about i width=$((${COLUMNS:-80} - 1))
  for value in "${COMPREPLY[@]}"; do
    ((${#value} <= widest)) || widest=${#value}
  done
  for i in "${!COMPREPLY[@]}"; do
    about=
    [[ ${lines[i]} != *"$tab"* ]] || about=${lines[i]#*"$tab"}
    printf -v value '%-*s  %s' "$widest" "${COMPREPLY[i]}" "$about"
    printf -v 'COMPREPLY[i]' '%-*s' "$width" "${value:0:width}"
  done
}

complete -F _nova_complete @PROGRAMS@
