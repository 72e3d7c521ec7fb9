# Completion of weir's commands and flags for bash. Install as /usr/share/bash-completion/completions/weir.

_weir() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} command=${COMP_WORDS[1]:-}
  local commands='run check explain reload stop status healthcheck demo-origin version help' words=
  COMPREPLY=()
  case $previous in
    -c | --config)
      mapfile -t COMPREPLY < <(compgen -f -- "$current")
      return
      ;;
    --admin | --from | --listener | --listen | -H | --header) return ;;
  esac
  if ((COMP_CWORD == 1)); then
    mapfile -t COMPREPLY < <(compgen -W "$commands" -- "$current")
    return
  fi
  case $command in
    run) words='-c --config' ;;
    check | validate) words='-c --config --json' ;;
    explain) words='-H --header --from --listener -c --config --admin --json GET HEAD POST PUT PATCH DELETE OPTIONS' ;;
    reload | stop | status) words='--admin --json' ;;
    healthcheck) words='--ready --admin' ;;
    demo-origin) words='--listen' ;;
    help) words=$commands ;;
  esac
  [[ $command == help || $command == version ]] || words+=' --help'
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
  # A configuration stands without a flag behind check.
  if [[ ($command == check || $command == validate) && $current != -* ]]; then
    mapfile -t COMPREPLY < <(compgen -f -- "$current")
  fi
}
complete -o filenames -F _weir weir
