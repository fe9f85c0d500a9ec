_plasmd() {
  local IFS=$'\n'
  local word="${COMP_WORDS[COMP_CWORD]}"
  COMPREPLY=($(plasmd __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
  [[ $word == -* ]] || COMPREPLY+=($(compgen -f -- "$word"))
}
complete -o filenames -F _plasmd plasmd
