"""Processes of a run: pinned to a core, metered in nanoseconds, ended for certain.

Problem: CPU per request needs the CPU time of a whole process tree, exact over two seconds; /proc/<pid>/stat counts
in ticks of 10 ms, and a worker that a master forks must count too.
Idea: every process tree gets a cgroup of its own below one for the run. The best clock the machine offers is chosen
once: cpuacct.usage (cgroup v1, ns), cpu.stat usage_usec (cgroup v2, us), or /proc/<pid>/schedstat summed over the
tree (ns). On a kernel without IRQ time accounting all of them include the loopback's packet processing, which runs
in the sender.

Every child gets PR_SET_PDEATHSIG, so that even a killed bench.py leaves nothing behind.
"""

import ctypes
import os
import signal
import subprocess
import time
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)


class Meter:
    """Where CPU time is read. One per run; makes a cgroup per process tree where it can."""

    def __init__(self) -> None:
        self.root: Path | None = None
        self.source = "schedstat of each thread of the tree, in ns"
        for base, usage, description in (
            ("/sys/fs/cgroup/cpuacct", "cpuacct.usage", "cgroup cpuacct.usage, in ns"),
            ("/sys/fs/cgroup", "cpu.stat", "cgroup v2 cpu.stat, in us"),
            ("/sys/fs/cgroup/unified", "cpu.stat", "cgroup v2 cpu.stat, in us"),
        ):
            _sweep(Path(base))
            root = Path(base, f"weir-bench-{os.getpid()}")
            try:
                root.mkdir()
            except OSError:
                continue
            if (root / usage).exists():
                self.root, self._usage, self.source = root, usage, description
                return
            root.rmdir()

    def group(self, name: str) -> Path | None:
        if self.root is None:
            return None
        path = self.root / name
        path.mkdir(exist_ok=True)
        return path

    def cpu_seconds(self, group: Path | None, pid: int) -> float:
        """CPU seconds of the tree so far."""
        if group is None:
            return sum(_schedstat_seconds(member) for member in tree(pid))
        text = (group / self._usage).read_text()
        if self._usage == "cpuacct.usage":
            return int(text) / 1e9
        return int(text.split("usage_usec", 1)[1].split()[0]) / 1e6

    def own_cpu_seconds(self) -> float | None:
        """CPU seconds of this run, bench.py included; None when there is no cgroup to tell."""
        return None if self.root is None else self.cpu_seconds(self.root, 0) + time.process_time()

    def close(self) -> None:
        if self.root is None:
            return
        _remove_all(self.root)


class Process:
    """One started program and what it forks."""

    def __init__(self, meter: Meter, name: str, command: list[str], core: int, directory: Path, **popen) -> None:
        self.name = name
        self._meter = meter
        self._group = meter.group(name)
        self.log = directory / f"{name}.log"
        parent = os.getpid()

        def settle() -> None:
            if self._group is not None:
                (self._group / "cgroup.procs").write_text(str(os.getpid()))
            os.sched_setaffinity(0, {core})
            _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
            if os.getppid() != parent:
                os._exit(1)

        with self.log.open("wb") as log:
            popen.setdefault("stdout", log)
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=log, cwd=directory,
                                             preexec_fn=settle, **popen)
        self.pid = self._process.pid
        self.stdout = self._process.stdout

    def running(self) -> bool:
        return self._process.poll() is None

    def cpu_seconds(self) -> float:
        return self._meter.cpu_seconds(self._group, self.pid)

    def resident_bytes(self) -> int:
        """RSS of the tree; pages shared between its processes count once each."""
        return sum(_resident_bytes(member) for member in tree(self.pid))

    def explain(self) -> str:
        """The end of what it said, for an error message."""
        return self.log.read_text(errors="replace").strip()[-600:] or "(it said nothing)"

    def interrupt(self) -> None:
        self._process.send_signal(signal.SIGTERM)

    def wait(self, timeout: float) -> int | None:
        try:
            return self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            return None

    def stop(self) -> None:
        if self.running():
            self._process.terminate()
            if self.wait(5) is None:
                for member in reversed(tree(self.pid)):  # children first, while the tree still tells who they are
                    os.kill(member, signal.SIGKILL)
                self.wait(5)
        if self.stdout is not None:
            self.stdout.close()


def tree(pid: int) -> list[int]:
    """The process and its descendants, itself first."""
    children: dict[int, list[int]] = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                stat = Path("/proc", entry, "stat").read_text()
            except OSError:
                continue
            children.setdefault(int(stat.rpartition(")")[2].split()[1]), []).append(int(entry))
    members = [pid]
    for member in members:
        members.extend(children.get(member, []))
    return members


def _schedstat_seconds(pid: int) -> float:
    total = 0
    for task in Path("/proc", str(pid), "task").glob("*/schedstat"):
        try:
            total += int(task.read_text().split()[0])
        except OSError:
            pass
    return total / 1e9


def _resident_bytes(pid: int) -> int:
    try:
        status = Path("/proc", str(pid), "status").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmRSS")), 0)


def _sweep(base: Path) -> None:
    """Removes what a killed run left behind: its processes died with it, its groups did not."""
    for root in base.glob("weir-bench-*"):
        if not Path("/proc", root.name.rpartition("-")[2]).exists():
            _remove_all(root)


def _remove_all(root: Path) -> None:
    for group in [path for path in root.iterdir() if path.is_dir()]:
        _remove(group)
    _remove(root)


def _remove(group: Path) -> None:
    for _ in range(100):
        try:
            return group.rmdir()
        except OSError:
            time.sleep(0.02)  # the kernel empties a group a moment after its last process was reaped
