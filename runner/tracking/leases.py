"""Who keeps a run alive: this process, known by host, number and start time."""

import os
import socket
import time
from pathlib import Path

from runner.settings import Settings
from runner.tracking.model import Lease


def this_process_lease(settings: Settings) -> Lease:
    """A lease for this process, from now on."""
    return Lease(
        host=socket.gethostname(),
        pid=os.getpid(),
        process_started=process_started(os.getpid()),
        until=time.time_ns() // 1_000_000 + int(settings.lease_seconds * 1000),
    )


def process_started(pid: int) -> str:
    """When a process started, in clock ticks since boot, with the boot's id; "" where the system does not tell."""
    try:
        fields = (
            Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        )
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="utf-8").strip()
    except OSError:
        return ""
    return f"{boot} {fields[19]}" if fields[0] not in {"Z", "X"} else ""  # 22nd field of the whole line


def over(lease: Lease, now: int) -> bool:
    """Whether nobody keeps the run alive any more.

    On the lease's own machine the process itself decides: it may have slept through a renewal together with the
    machine. Elsewhere time does.
    """
    if lease.host != socket.gethostname():
        return lease.until < now
    if lease.process_started:
        return process_started(lease.pid) != lease.process_started
    return lease.until < now or not _exists(lease.pid)


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
