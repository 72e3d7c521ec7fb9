# Completion of weir's commands and flags for bash, made by `./dev generate`.
# Install as /usr/share/bash-completion/completions/weir, or: source <(weir completion bash)

_weir() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} words='' files=''
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    mapfile -t COMPREPLY < <(compgen -W 'run check explain tail reload rollback history diff stop status limits top upstream healthcheck hash-password api-key tls demo-origin fmt schema completion version help' -- "$current")
    return
  fi
  case $previous in
    -c | --config | --authorities | --revocation | --ocsp)
      mapfile -t COMPREPLY < <(compgen -f -- "$current")
      return
      ;;
    --state | -H | --header | --from | --listener | --admin | --status | --route | --upstream | --slower | --rate | --count | --by | --rows | --interval | --wait | -u | --user | --algorithm | --cost | --expires | --name | --listen) return ;;
  esac
  case ${COMP_WORDS[1]} in
    run) words='-c --config --state --refuse-broken -h --help' files=yes ;;
    check | validate) words='-c --config --json -h --help' files=yes ;;
    explain) words='-H --header --from --listener -c --config --admin --json -h --help GET HEAD POST PUT PATCH DELETE OPTIONS' ;;
    tail) words='--status --route --upstream --slower --rate --count --admin --json -h --help' ;;
    reload) words='--force --admin --json -h --help' ;;
    rollback) words='--admin --json -h --help' ;;
    history) words='--state --admin --json -h --help' ;;
    diff) words='--state --admin --json -h --help' ;;
    stop) words='--admin --json -h --help' ;;
    status) words='--admin --json -h --help' ;;
    limits) words='--admin --json -h --help' ;;
    top) words='--by --rows --interval --once --admin --json -h --help' ;;
    upstream) words='--wait --force --admin --json -h --help list drain disable enable weight' ;;
    healthcheck) words='--ready --admin -h --help' ;;
    hash-password) words='-u --user --algorithm --cost -h --help' ;;
    api-key) words='--expires -h --help' ;;
    tls) words='--name --authorities --revocation --ocsp -h --help' files=yes ;;
    demo-origin) words='--listen -h --help' ;;
    fmt) words='--check --explicit -h --help' files=yes ;;
    schema) words='-h --help' ;;
    completion) words='-h --help bash zsh fish' ;;
    version) words='-h --help' ;;
    help) words='-h --help run check explain tail reload rollback history diff stop status limits top upstream healthcheck hash-password api-key tls demo-origin fmt schema completion version help' ;;
  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
  if [[ $files && $current != -* ]]; then
    mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -- "$current")
  fi
}
complete -o filenames -F _weir weir
