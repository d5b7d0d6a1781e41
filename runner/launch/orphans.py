"""Containers whose runner died before it could remove them."""

import os

from runner.containers import owners
from runner.containers.engine import connect, within_reach
from runner.containers.owners import Owner
from runner.errors import EnvironmentFailed
from runner.settings import Settings
from runner.tracking import this_process_lease
from runner.tracking.clock import now
from runner.tracking.leases import over
from runner.tracking.model import Lease

FOR_EVER = 2**62  # ms: who is on another machine is not judged by time


def owner(settings: Settings) -> Owner:
    """This process."""
    lease = this_process_lease(settings)
    return Owner(lease.host, lease.pid, lease.process_started, os.getuid())


def reap(settings: Settings, *, dry_run: bool = False) -> int:
    """Remove them, unless it is a dry run, and tell how many there were. Without an engine there are none."""
    if not within_reach(settings.environ):
        return 0
    try:
        with connect(settings.environ) as engine:
            return owners.reap(engine, gone, dry_run=dry_run)
    except EnvironmentFailed:
        return 0


def gone(owner: Owner) -> bool:
    """Whether a container has nobody any more. Of another user's processes we may see nothing, so theirs are left alone."""
    if os.getuid() not in {0, owner.user}:
        return False
    lease = Lease(host=owner.host, pid=owner.pid, process_started=owner.started, until=FOR_EVER)
    return over(lease, now())
