"""Who keeps a run alive: this process, known by host, number and start time."""

import os
import socket
from pathlib import Path

from runner.settings import Settings
from runner.tracking.clock import now
from runner.tracking.model import Lease


def this_process_lease(settings: Settings) -> Lease:
    """A lease for this process, from now on."""
    return Lease(
        host=_host(),
        pid=os.getpid(),
        process_started=process_started(os.getpid()),
        until=now() + int(settings.lease_seconds * 1000),
    )


def process_started(pid: int) -> str:
    """When a process started, in clock ticks since boot.

    "" for a process that is gone or waits to be buried, and wherever the system does not tell (it has no /proc).
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    fields = stat.rpartition(")")[2].split()  # the program's name before it may hold spaces
    return fields[19] if fields[0] not in {"Z", "X"} else ""  # 22nd field of the whole line


def over(lease: Lease, moment: int) -> bool:
    """Whether nobody keeps the run alive any more at `moment` (ms).

    On the lease's own host the process itself decides: it may have slept through a renewal together with the
    machine. Elsewhere, and where start times are not told, time does.
    """
    if lease.host != _host():
        return lease.until < moment
    if lease.process_started and process_started(os.getpid()):
        return process_started(lease.pid) != lease.process_started
    return lease.until < moment or not _exists(lease.pid)


def _host() -> str:
    """Where a process number means one process: this machine since its last boot, and the container on it.

    The name alone does not tell: many machines are called localhost, and containers may share their machine's.
    """
    name = socket.gethostname()
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="utf-8").strip()
        return f"{name} {boot} {os.readlink('/proc/self/ns/pid')}"  # noqa: PTH115 - a magic link
    except OSError:
        return name


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
