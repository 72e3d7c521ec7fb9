"""A Debian machine inside this one: its own systemd, processes, network and files, gone without a trace afterwards.

Problem: what a package does can only be seen on a machine where it is installed, with systemd as process 1; a test must
not touch the machine it runs on, and should download nothing.
Idea: the root folder of this machine is the lower layer of an overlay whose upper layer lives in memory; in namespaces
of its own, systemd boots from there into basic.target. So the test's machine has every package that this one has, and
what it changes is in memory only. It needs root (or sudo without a password) and overlayfs, and no container engine.

Invariants
  (1) Nothing below / of the host is written: the upper layer takes it all.
  (2) When the test ends, however it ends, so does the machine: the kernel ends process 1 with its parent.
"""

from __future__ import annotations

import contextlib
import os
import pathlib
import shutil
import subprocess
import time
from collections.abc import Callable

BOOT_SECONDS = 60.0
COMMAND_SECONDS = 120.0
POLL_SECONDS = 0.02
ENVIRONMENT = ["env", "-i", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8",
               "DEBIAN_FRONTEND=noninteractive", "HOME=/srv"]

# $1: a folder for the layers, $2: a file for the machine. Runs as process 1 of the new namespaces.
BOOT = r"""
set -eu
mount --make-rprivate /
mount -t tmpfs -o mode=755 tmpfs "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$1/root"
cp "$2" "$1/root/srv/weir.deb"
cd "$1/root"
mount -t proc proc proc
mount -t sysfs sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=755 tmpfs dev
for device in null zero full random urandom tty; do
  touch "dev/$device"
  mount --bind "/dev/$device" "dev/$device"
done
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
ln -s pts/ptmx dev/ptmx
mount -t tmpfs -o mode=755 tmpfs run
mount -t tmpfs -o mode=1777 tmpfs tmp
rm -f usr/sbin/policy-rc.d etc/machine-id var/lib/dbus/machine-id
touch etc/machine-id
# Not chroot: nothing of the host may be left to reach, by whatever enters the mount namespaces of services.
pivot_root . .
umount -l .
exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin container=weir-test \
  /lib/systemd/systemd --unit=basic.target --log-target=journal --show-status=no
"""


class NoMachine(Exception):
    """Why there is none to be had here."""


def as_root(command: list[str]) -> list[str]:
    return command if os.geteuid() == 0 else ["sudo", "-n", "--", *command]


def obstacle() -> str:
    """Why no machine can be had here; "" when one can."""
    if os.geteuid() != 0 and (not shutil.which("sudo") or subprocess.run(
            ["sudo", "-n", "true"], capture_output=True, stdin=subprocess.DEVNULL).returncode != 0):
        return "needs root, or sudo without a password: namespaces, an overlay of /, and dpkg"
    for namespace in ("--mount", "--pid", "--cgroup", "--net", "--uts", "--ipc"):
        if subprocess.run(as_root(["unshare", "--fork", namespace, "true"]), capture_output=True).returncode != 0:
            return f"unshare {namespace} is not allowed here (inside a container?)"
    if "overlay" not in pathlib.Path("/proc/filesystems").read_text():
        subprocess.run(as_root(["modprobe", "overlay"]), capture_output=True)
    if "overlay" not in pathlib.Path("/proc/filesystems").read_text():
        return "this kernel has no overlayfs"
    return ""


class Machine:
    def __init__(self, directory: pathlib.Path, package: pathlib.Path):
        reason = obstacle()
        if reason:
            raise NoMachine(reason)
        layers = directory / "machine"
        layers.mkdir()
        self.log = directory / "machine.log"
        self.ending = contextlib.ExitStack()
        unshare = ["setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "--pid", "--fork", "--kill-child",
                   "--cgroup", "--net", "--uts", "--ipc", "sh", "-c", BOOT, "boot", str(layers), str(package)]
        with self.log.open("wb") as out:
            self.process = subprocess.Popen(as_root(unshare), stdin=subprocess.DEVNULL, stdout=out,
                                            stderr=subprocess.STDOUT, start_new_session=True)
        self.first = 0  # the pid of its process 1, seen from here
        try:
            self._await_boot()
        except BaseException:
            self.close()
            raise

    def _await_boot(self) -> None:
        def booted() -> bool:
            if self.process.poll() is not None:
                raise NoMachine(f"it did not boot:\n{self.log.read_text(errors='replace')[-2000:]}")
            self.first = self.first or self._find_first()
            state = self.run("systemctl is-system-running").stdout.strip() if self.first else ""
            return state in ("running", "degraded")

        until(booted, "the machine to boot", BOOT_SECONDS)

    def _find_first(self) -> int:
        """The systemd below our unshare, however many setpriv and sudo are in between."""
        parents = {}
        for folder in pathlib.Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                fields = (folder / "stat").read_text().rpartition(")")
                parents[int(folder.name)] = (int(fields[2].split()[1]), (folder / "comm").read_text().strip())
        for pid, (parent, name) in parents.items():
            while name == "systemd" and parent in parents:
                if parent == self.process.pid:
                    return pid
                parent = parents[parent][0]
        return 0

    def run(self, script: str, seconds: float = COMMAND_SECONDS) -> subprocess.CompletedProcess:
        """Runs a shell script on the machine, as its root."""
        enter = ["nsenter", "--target", str(self.first), "--mount", "--pid", "--net", "--uts", "--ipc", "--cgroup",
                 "--root", "--wd", "--", *ENVIRONMENT, "sh", "-c", script]
        return subprocess.run(as_root(enter), capture_output=True, text=True, errors="replace", timeout=seconds,
                              stdin=subprocess.DEVNULL)

    def close(self) -> None:
        if self.process.poll() is None:
            subprocess.run(as_root(["kill", "-KILL", "--", str(self.first or self.process.pid)]), capture_output=True)
            self.process.wait(timeout=COMMAND_SECONDS)


def until(condition: Callable[[], object], what: str, seconds: float = 20.0) -> None:
    """Waits until the condition holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds:.0f} s for {what}")
        time.sleep(POLL_SECONDS)
