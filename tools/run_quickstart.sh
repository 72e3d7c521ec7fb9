#!/usr/bin/env bash
# Starts the demo origin and Weir with the quickstart configuration, says what to try, stops both on Ctrl-C.
#
# Problem: Ctrl-C reaches every process of the terminal's group, and our own TERM on top of it would be the
# second signal, which forces Weir to drop what it is draining.
# Idea: both run in sessions of their own (setsid), so exactly one TERM reaches each of them, from here.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."

config=examples/quickstart.yaml
weir=build/release/weir
logs=build/run
processes=()
mkdir -p "$logs"

# shellcheck disable=SC2317  # called by the traps
stop_all() {
  trap '' INT TERM HUP EXIT
  local process
  for process in "${processes[@]}"; do kill -TERM "$process" 2>/dev/null || true; done
  wait
}
trap stop_all EXIT
trap 'exit 0' INT TERM HUP

# wait_for WORD LOG PROCESS: until the log says WORD; 1 when the process ends before, or after ten seconds.
wait_for() {
  local turn
  for ((turn = 0; turn < 200; ++turn)); do
    grep -q "$1" "$2" && return 0
    kill -0 "$3" 2>/dev/null || return 1
    sleep 0.05
  done
  return 1
}

# start NAME COMMAND...: in the background; its output goes to the terminal and to build/run/NAME.log.
start() {
  local name=$1
  shift
  : >"$logs/$name.log"
  setsid "$@" </dev/null > >(trap '' INT && exec tee -a "$logs/$name.log") 2>&1 &
  processes+=($!)
}

if grep -q '127\.0\.0\.1:9000' "$config"; then
  start origin "$weir" demo-origin
  if ! wait_for 'listening on' "$logs/origin.log" "${processes[0]}"; then
    echo "./dev run: the demo origin did not start (is port 9000 taken?)" >&2
    exit 1
  fi
fi
start weir "$weir" run -c "$config"
if ! wait_for '\bready\b' "$logs/weir.log" "${processes[-1]}"; then
  echo "./dev run: Weir did not become ready; its words are above" >&2
  exit 1
fi

# Where the first listener really is; 0.0.0.0 and [::] are reached through loopback.
address=$(sed -nE 's/.*listening on ([^ "]+).*/\1/p' "$logs/weir.log" | head -1 |
  sed -E 's/^(0\.0\.0\.0|\[::\]):/127.0.0.1:/')
host=${address:-127.0.0.1:8080}
cat <<TRY

  Weir is running: open http://$host/

  Try in another terminal, from this folder:

    curl -i http://$host/
        goes through Weir to the demo origin
    $weir explain GET http://$host/ -c $config
        says which route would serve this request, and why not the others
    $weir check $config
        looks for mistakes; make one and try again
    kill -HUP ${processes[-1]}
        makes Weir take over the changed file; no request is lost, and a wrong file changes nothing

  Ctrl-C stops both.

TRY
status=0
wait "${processes[-1]}" || status=$?
echo "./dev run: Weir ended with exit code $status" >&2
exit "$status"
