"""The package on a machine: installed, serving, reloaded, upgraded, removed, purged. One machine, in this order.

Each part goes on where the one before it ended; when the machine cannot be had, each of them says so.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from machine import Machine, until

if TYPE_CHECKING:
    from run import Subject

WELCOME = "http://127.0.0.1:8080/"
CAP_NET_BIND_SERVICE = 1 << 10
# Where a package may leave something; compared before the installation and after the purge.
PLACES = "/etc /lib/systemd /usr/bin /usr/lib/sysusers.d /usr/share/doc /usr/share/man /usr/share/bash-completion " \
         "/usr/share/zsh /var/lib /var/log /run/weir"
# The user stays, and package tools keep their own books. weir.list and others below /var/lib/dpkg/info must go.
BOOKS = re.compile(r"/etc/(passwd|shadow|group|gshadow|subuid|subgid)-?$|/etc/\.pwd\.lock$|/etc/ld\.so\.cache|"
                   r"/var/lib/dpkg/(status|available|lock|triggers|diversions|statoverride)|"
                   r"/var/lib/(systemd/(timesync|random-seed|catalog|deb-systemd-helper-enabled$)|logrotate)|"
                   r"/var/log/(dpkg|alternatives|journal|wtmp|btmp|lastlog|faillog|README)")

_machine: Machine | None = None
_reason: Exception | None = None
_before: set[str] = set()


def machine(subject: Subject) -> Machine:
    """The one machine, booted when it is first asked for."""
    global _machine, _reason, _before
    if _reason:
        raise _reason
    if _machine is None:
        try:
            _machine = Machine(subject.directory, subject.package)
            done(_machine, "dpkg --purge weir 2>&1 || true")  # whoever uses Weir here has it installed already
            _before = everything(_machine)
        except Exception as reason:
            _reason = reason
            raise
    return _machine


def close() -> None:
    if _machine:
        _machine.close()


# -- what is asked of the machine

def done(host: Machine, script: str) -> str:
    """Runs it; it must succeed. \\returns what it printed"""
    result = host.run(script)
    assert result.returncode == 0, f"{script}\n  exit code {result.returncode}: {result.stdout}{result.stderr}"
    return result.stdout


def page(host: Machine, url: str) -> str:
    return host.run(f"curl -s --max-time 5 {url}").stdout


def main_pid(host: Machine) -> str:
    return done(host, "systemctl show --property=MainPID --value weir").strip()


def everything(host: Machine) -> set[str]:
    return {path for path in host.run(f"find {PLACES} 2>/dev/null").stdout.splitlines() if not BOOKS.search(path)}


def configure(host: Machine, change: str) -> None:
    """Changes the configuration as sed would."""
    done(host, f"sed -i '{change}' /etc/weir/weir.yaml")


def next_version(host: Machine, revision: int) -> str:
    """The same package with a later version, as a file of the machine."""
    done(host, f"rm -rf /srv/next && dpkg-deb -R /srv/weir.deb /srv/next"
               f" && sed -i 's/^Version: .*-/Version: 0.99.0-{revision}+was-/' /srv/next/DEBIAN/control"
               f" && dpkg-deb --root-owner-group -b /srv/next /srv/next.deb")
    return "/srv/next.deb"


# -- the life of an installation

def installs_and_starts(subject: Subject) -> None:
    host = machine(subject)
    done(host, "dpkg -i /srv/weir.deb 2>&1")
    assert done(host, "systemctl is-active weir").strip() == "active", "started by the installation"
    assert done(host, "systemctl is-enabled weir").strip() == "enabled", "starts at the next boot"
    assert "Weir is installed and answers" in page(host, WELCOME), page(host, WELCOME)
    assert "configuration" in done(host, "weir status"), "root may ask without naming the socket"
    done(host, "weir healthcheck --ready")


def runs_without_rights(subject: Subject) -> None:
    """A user of its own with no shell, one capability, no way to more, a file system it cannot write to."""
    host = machine(subject)
    pid = main_pid(host)
    status = done(host, f"cat /proc/{pid}/status")
    facts = dict(re.findall(r"^(\w+):\s+(.*)$", status, re.M))
    assert done(host, f"stat -c %U /proc/{pid}").strip() == "weir", "runs as weir"
    assert done(host, "getent passwd weir").strip().endswith("nologin"), "nobody logs in as weir"
    for kind in ("CapEff", "CapBnd", "CapAmb"):
        assert int(facts[kind], 16) == CAP_NET_BIND_SERVICE, f"{kind} is {facts[kind]}"
    assert facts["NoNewPrivs"] == "1" and facts["Seccomp"] == "2", "no new privileges, system calls are filtered"
    inside = f"nsenter --target {pid} --mount -- sh -c"
    for place in ("/etc/weir", "/usr/bin", "/var/lib", "/var/log"):
        assert host.run(f"{inside} 'touch {place}/x'").returncode != 0, f"{place} cannot be written"
    for place in ("/var/lib/weir", "/var/log/weir", "/run/weir"):
        done(host, f"{inside} 'touch {place}/x && rm {place}/x'")
    assert done(host, "stat -c '%U %a' /var/log/weir/access.log").strip() == "weir 640", "nobody else reads the log"


def follows_a_reload(subject: Subject) -> None:
    """systemctl reload takes a good file over, a privileged port included, and refuses a bad one with its reason."""
    host = machine(subject)
    pid = main_pid(host)
    configure(host, 's/"127.0.0.1:8080"/":80"/; s/Weir is installed/Weir is changed/')
    done(host, "systemctl reload weir")
    assert "Weir is changed" in page(host, "http://127.0.0.1/"), "port 80, without being root"
    configure(host, "s/^routes:/routs:/")
    assert host.run("systemctl reload weir").returncode != 0, "a bad file makes the reload fail"
    assert 'did you mean "routes"?' in done(host, "journalctl -u weir -o cat"), "the journal says why"
    assert "Weir is changed" in page(host, "http://127.0.0.1/"), "and what ran still runs"
    configure(host, "s/^routs:/routes:/; s/:80\"/127.0.0.1:8080\"/")
    done(host, "systemctl reload weir")
    assert main_pid(host) == pid, "all of that in one process"


def logs_turn_over(subject: Subject) -> None:
    """logrotate moves the log away and Weir goes on in a new one; not one line is lost."""
    host = machine(subject)
    log = "/var/log/weir/access.log"
    lines = f"cat {log}.1 {log} 2>/dev/null | wc -l"
    before = int(done(host, lines))
    for _ in range(5):
        page(host, WELCOME)
    until(lambda: int(done(host, lines)) == before + 5, "five lines in the log")
    done(host, "logrotate --force /etc/logrotate.d/weir")
    until(lambda: host.run(f"test -e {log}").returncode == 0, "the new log")
    page(host, WELCOME)
    until(lambda: int(done(host, lines)) == before + 6, "the sixth line")
    until(lambda: int(done(host, f"wc -l <{log}")) == 1, "one line in the new log")


def upgrade_restarts(subject: Subject) -> None:
    """A new version takes over, and the owner's configuration is left as it is."""
    host = machine(subject)
    pid, configuration = main_pid(host), done(host, "cat /etc/weir/weir.yaml")
    done(host, f"dpkg -i {next_version(host, 1)} 2>&1")
    assert done(host, "systemctl is-active weir").strip() == "active"
    assert main_pid(host) != pid, "the new program runs"
    assert done(host, "cat /etc/weir/weir.yaml") == configuration, "the conffile is the owner's"
    assert "Weir is changed" in page(host, WELCOME)


def upgrade_spares_what_would_not_start(subject: Subject) -> None:
    """A configuration that does not pass the new program's check must not end the one that serves."""
    host = machine(subject)
    pid = main_pid(host)
    configure(host, "s/^routes:/routs:/")
    said = done(host, f"dpkg -i {next_version(host, 2)} 2>&1")
    assert "was not restarted" in said and 'did you mean "routes"?' in said, said
    assert main_pid(host) == pid and "Weir is changed" in page(host, WELCOME), "the old program still serves"
    configure(host, "s/^routs:/routes:/")
    done(host, "systemctl restart weir")
    assert "Weir is changed" in page(host, WELCOME)


def disabled_stays_disabled(subject: Subject) -> None:
    """Who stopped and disabled the service does not find it running after an upgrade."""
    host = machine(subject)
    done(host, "systemctl disable --now weir 2>&1")
    journal = done(host, "journalctl -u weir -o cat")
    assert "Deactivated successfully" in journal and "Failed with result" not in journal, "always ended in good order"
    done(host, f"dpkg -i {next_version(host, 3)} 2>&1")
    assert host.run("systemctl is-active weir").stdout.strip() == "inactive"
    done(host, "systemctl enable --now weir 2>&1")


def removal_keeps_the_configuration(subject: Subject) -> None:
    host = machine(subject)
    done(host, "dpkg --remove weir 2>&1")
    assert host.run("pgrep -x weir").returncode != 0, "nothing runs any more"
    done(host, "test -e /etc/weir/weir.yaml && test -e /var/log/weir/access.log && test -d /var/lib/weir")
    done(host, "dpkg -i /srv/weir.deb 2>&1")
    assert "Weir is changed" in page(host, WELCOME), "installed again, it goes on where it was"


def purge_leaves_nothing(subject: Subject) -> None:
    """Only the locked user stays, as is Debian's custom."""
    host = machine(subject)
    done(host, "dpkg --purge weir 2>&1")
    left = everything(host) - _before
    assert not left, f"left behind: {sorted(left)[:20]}"
    assert host.run("systemctl cat weir").returncode != 0, "systemd has forgotten the unit"
    done(host, "getent passwd weir")


PARTS = [(f"machine: {part.__name__.replace('_', ' ')}", part) for part in (
    installs_and_starts, runs_without_rights, follows_a_reload, logs_turn_over, upgrade_restarts,
    upgrade_spares_what_would_not_start, disabled_stays_disabled, removal_keeps_the_configuration,
    purge_leaves_nothing)]
