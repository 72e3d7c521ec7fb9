"""The machine under the benchmark: a private network, two cores, and whether anybody else is busy.

Problem: loopback figures depend on things that are not the proxy: the congestion control of the host, ports in
TIME_WAIT from the last run, other processes on the two cores.
Idea: take a network namespace of our own when we may (root), fix the congestion control in it, raise descriptor
limits, and say on the page what could not be had. Foreign work is measured, not guessed.
"""

import ctypes
import fcntl
import os
import resource
import socket
import struct
from pathlib import Path

PROXY_CORE = 0
PEER_CORE = 1  # generator and origin
DESCRIPTORS_WANTED = 100_000  # 10,000 relayed connections are 20,000 descriptors; the rest is room
LOAD_REFUSED = 2.5  # above this on two cores, figures are noise: at 4 they moved by 20 %
LOAD_DOUBTFUL = 1.0
# First what Debian has by default, then what every kernel allows in a namespace. Not bbr: it paces with timers, which
# adds wake-ups of its own.
CONGESTION_CONTROLS = ["cubic", "reno"]

_CLONE_NEWNET = 0x40000000
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 0x1


def enter_private_network() -> str:
    """Moves this process into a network namespace with its own loopback; returns a sentence on what was achieved."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWNET) != 0:
        reason = os.strerror(ctypes.get_errno())
        return f"the host's network, congestion control {_congestion_control()} (no private namespace: {reason})"
    _bring_up("lo")
    _write("/proc/sys/net/ipv4/ip_local_port_range", "10000 65000")
    for algorithm in CONGESTION_CONTROLS:
        if _write("/proc/sys/net/ipv4/tcp_congestion_control", algorithm):
            break
    return f"a private network namespace, congestion control {_congestion_control()}"


def raise_descriptor_limit() -> int:
    """Raises the limit of open descriptors as far as allowed and wanted; returns what children will get."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        hard = max(hard, DESCRIPTORS_WANTED)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    except (ValueError, OSError):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def busy_seconds() -> float:
    """CPU seconds all cores were busy since boot, in kernel ticks of 10 ms; waiting and stolen time not counted."""
    fields = Path("/proc/stat").read_text().split("\n", 1)[0].split()
    user, nice, system, _idle, _iowait, irq, softirq = map(int, fields[1:8])
    return (user + nice + system + irq + softirq) / os.sysconf("SC_CLK_TCK")


def describe() -> dict:
    model = next((line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
                  if line.startswith("model name")), "unknown")
    return {"cpu": model, "cores": os.cpu_count(), "kernel": os.uname().release,
            "load_average": round(os.getloadavg()[0], 2)}


def _bring_up(interface: str) -> None:
    with socket.socket() as control:
        request = struct.pack("16sh22x", interface.encode(), 0)
        flags = struct.unpack("16sh22x", fcntl.ioctl(control, _SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(control, _SIOCSIFFLAGS, struct.pack("16sh22x", interface.encode(), flags | _IFF_UP))


def _congestion_control() -> str:
    return Path("/proc/sys/net/ipv4/tcp_congestion_control").read_text().strip()


def _write(path: str, value: str) -> bool:
    """False when the kernel refuses; the page prints what is in force."""
    try:
        Path(path).write_text(value)
    except OSError:
        return False
    return True
