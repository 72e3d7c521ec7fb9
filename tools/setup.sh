# shellcheck shell=bash
# Installs the Debian packages that a verb of ./dev needs, and nothing that is there already.
#
# Problem: a stranger types one command on a fresh machine; a regular types it a hundred times a day.
# Idea: ask dpkg first (milliseconds); only when something is missing say what, then call apt as root or
# through sudo. Sourced by ./dev; the list is tools/packages.txt.
#
# Invariants
#   (1) Nothing is asked: it works without a terminal and with standard input closed.
#   (2) A server package installed by us neither starts a service now nor at the next boot.
#   (3) A service that ran before keeps running: server packages present already are not touched.

# Debian's packages ask this file before they start a service (invoke-rc.d(8)).
policy_file=/usr/sbin/policy-rc.d

# packages_of GROUP...: names of the packages in these groups, one per line.
packages_of() {
  local group
  for group in "$@"; do
    awk -v want="[$group]" '/^\[/ { inside = ($1 == want); next } inside && $1 && $1 !~ /^#/ { print $1 }' \
      tools/packages.txt
  done | sort -u
}

# missing_of PACKAGE...: those that are not fully installed.
missing_of() {
  local package
  for package in "$@"; do
    [[ $(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null) == installed ]] || echo "$package"
  done
}

# as_root COMMAND...: runs it as root; asks sudo for a password only where somebody can answer.
as_root() {
  if ((EUID == 0)); then
    "$@"
  elif [[ -t 0 && -z ${CI:-} ]]; then
    sudo -- "$@"
  else
    sudo -n -- "$@"
  fi
}

apt_install() {
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends \
    -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 "$@" </dev/null >&2
}

# server_units: the services of our server packages that systemd knows, one per line. PHP's has its version in its name.
server_units() {
  systemctl list-unit-files --no-legend nginx.service haproxy.service redis-server.service 'php*-fpm.service' \
    2>/dev/null | awk '{ print $1 }' | sort
}

# install_servers PACKAGE...: installs them while a policy forbids starting services, then keeps the units that
# came with them from starting at the next boot. A policy that the machine has already is left as it is, and obeyed.
install_servers() {
  local unit units_before status=0 policy_is_ours=
  units_before=$(server_units)
  if [[ ! -e $policy_file ]]; then
    policy_is_ours=yes
    trap 'as_root rm -f "$policy_file"' EXIT
    printf '#!/bin/sh\n# Put here by Weir while it installs test servers; removed right after.\nexit 101\n' |
      as_root tee "$policy_file" >/dev/null
    as_root chmod 755 "$policy_file"
  fi
  apt_install "$@" || status=$?
  if [[ -n $policy_is_ours ]]; then
    as_root rm -f "$policy_file"
    trap - EXIT
  fi
  if [[ -d /run/systemd/system ]]; then
    while read -r unit; do
      [[ -z $unit ]] || as_root systemctl disable "$unit" >/dev/null 2>&1 || true
    done < <(comm -13 <(echo "$units_before") <(server_units))
  fi
  return "$status"
}

# setup GROUP...: after it, every package of these groups is installed, or ./dev has ended with a reason.
setup() {
  local missing servers
  if ! command -v dpkg-query >/dev/null; then
    note "This is no Debian system: please install what tools/packages.txt names. Going on with what is here."
    return
  fi
  # shellcheck disable=SC2046  # package names are words without blanks
  mapfile -t missing < <(missing_of $(packages_of "$@"))
  ((${#missing[@]})) || return 0

  note "Missing Debian packages (${#missing[@]}): ${missing[*]}"
  if ((EUID != 0)) && ! command -v sudo >/dev/null; then
    fail "neither root nor sudo here. As root: apt-get install --no-install-recommends ${missing[*]}"
  fi
  note "Refreshing the package lists (apt-get update)"
  as_root apt-get update -q -o DPkg::Lock::Timeout=300 </dev/null >&2 ||
    note "apt-get update failed; trying with the lists that are here"

  # Server packages go apart, so that the ban on starting services concerns nothing else.
  mapfile -t servers < <(comm -12 <(printf '%s\n' "${missing[@]}" | sort) <(packages_of servers))
  mapfile -t missing < <(comm -23 <(printf '%s\n' "${missing[@]}" | sort) <(packages_of servers))
  if ((${#missing[@]})); then
    note "Installing ${missing[*]}"
    apt_install "${missing[@]}" || fail "apt-get could not install them (clang-19 needs Debian 12 or newer)"
  fi
  if ((${#servers[@]})); then
    note "Installing ${servers[*]}, without starting any service"
    install_servers "${servers[@]}" || fail "apt-get could not install them"
  fi
}
