"""Whether the process that a lease names is alive."""

import os
import subprocess
import sys
import time

import pytest
from msgspec.structs import replace

from runner.settings import Settings
from runner.tracking import Store, leases, this_process_lease
from runner.tracking.leases import over, process_started
from runner.tracking.model import RunStatus

LONG_AGO, FAR_AHEAD = 1, 2**50


def test_this_process_keeps_its_runs_alive(settings: Settings) -> None:
    lease = this_process_lease(settings)

    assert lease.pid == os.getpid()
    assert lease.until > time.time() * 1000
    assert not over(lease, FAR_AHEAD)  # it is here, however long it slept


def test_a_process_that_is_gone_ends_its_lease_at_once(settings: Settings) -> None:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    lease = replace(
        this_process_lease(settings), pid=process.pid, process_started=process_started(process.pid)
    )
    assert not over(lease, LONG_AGO)

    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert over(lease, LONG_AGO)  # dead, though nobody has asked for its exit code yet

    process.communicate()
    assert over(lease, LONG_AGO)


def test_a_number_that_is_used_again_is_not_believed(settings: Settings) -> None:
    lease = replace(this_process_lease(settings), process_started="another boot 1")

    assert over(lease, LONG_AGO)


def test_on_another_machine_the_clock_decides(settings: Settings) -> None:
    lease = replace(this_process_lease(settings), host="another", until=1000)

    assert not over(lease, 1000)
    assert over(lease, 1001)


def test_after_a_boot_or_on_a_machine_of_the_same_name_the_clock_decides(settings: Settings) -> None:
    here = this_process_lease(settings)
    name, _boot, numbers = here.host.split()

    lease = replace(here, host=f"{name} another-boot {numbers}", until=1000)

    assert not over(lease, 1000)
    assert over(lease, 1001)


def test_without_proc_the_number_and_the_clock_decide(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "process_started", lambda _pid: "")
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.communicate()
    here = this_process_lease(settings)

    assert here.process_started == ""
    assert not over(here, LONG_AGO)
    assert over(here, FAR_AHEAD)
    assert over(replace(here, pid=process.pid), LONG_AGO)
    assert not over(replace(here, pid=1), LONG_AGO)  # whoever owns it


def test_a_run_whose_process_was_killed_is_lost(store: Store, settings: Settings) -> None:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    lease = replace(
        this_process_lease(settings), pid=process.pid, process_started=process_started(process.pid)
    )
    run = store.create_run("0", status=RunStatus.RUNNING, lease=lease)
    mine = store.create_run("0", status=RunStatus.RUNNING, lease=this_process_lease(settings))
    now = time.time_ns() // 1_000_000
    assert store.expire_leases(now) == []

    process.kill()
    process.communicate()

    assert store.expire_leases(now) == [run.id]
    assert store.run(run.id).status is RunStatus.LOST
    assert store.run(mine.id).status is RunStatus.RUNNING
