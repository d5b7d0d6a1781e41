"""Several schedulers on one store, killed at any moment: no firing is lost, none comes twice.

`python -m benchmarks.schedules` goes on so for a minute, with more schedules; these are its first seconds.
"""

from pathlib import Path

import pytest

from tests.scheduling.storm import storm
from tests.services.databases import DatabaseServer

pytestmark = pytest.mark.slow


def test_three_schedulers_on_postgresql_that_are_killed_lose_and_double_nothing(
    postgresql: DatabaseServer, tmp_path: Path
) -> None:
    report = storm(postgresql.new_database(), tmp_path, schedules=50, schedulers=3, seconds=8, kills=10)

    assert (report.doubled, report.lost) == (0, 0), report
    assert report.kills > 5
    assert report.started >= 50 * 3


def test_two_schedulers_on_one_file_that_are_killed_lose_and_double_nothing(tmp_path: Path) -> None:
    report = storm(f"sqlite:///{tmp_path}/runs.db", tmp_path, schedules=30, schedulers=2, seconds=8, kills=8)

    assert (report.doubled, report.lost) == (0, 0), report
    assert report.kills >= 5
    assert report.started >= 30 * 3
