#compdef @PROGRAMS@
# Completion of nova for zsh.
# Install it with the line that `nova completion` prints.

_nova_complete() {
  local out bits tab=$'\t'
  local -a lines values
  out=$("${words[1]/#\~/$HOME}" __complete "${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}" 2>/dev/null) || return 1
  lines=("${(@f)out}")
  bits=${lines[-1]#:}
  lines=("${(@)lines[1,-2]}")
  if (( $#lines == 0 )); then
    (( bits & 4 )) && return 1
    compset -P '--*='
    if (( bits & 16 )); then _files -/; else _files; fi
    return
  fi
  # _describe takes VALUE:ABOUT.
  values=("${(@)${(@)lines//:/\\:}/$tab/:}")
  local -a more
  (( bits & 2 )) && more=(-S '')
  _describe -t values 'nova' values "${more[@]}"
}

if ! (( $+functions[compdef] )); then
  autoload -Uz compinit && compinit -i
fi
compdef _nova_complete @PROGRAMS@
