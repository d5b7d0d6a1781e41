"""Schedules due every second, and schedulers killed nearly as often: firings lost and doubled, and how late they start.

python -m benchmarks.schedules [--seconds 60]: three schedulers with 200 schedules on PostgreSQL, two on an SQLite file.
"""

import argparse
import tempfile
from pathlib import Path

from tests.scheduling.storm import storm
from tests.services import databases


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--schedules", type=int, default=200)
    given = parser.parse_args()
    kills = int(given.seconds)
    with databases.postgresql() as server, tempfile.TemporaryDirectory() as home:
        print("PostgreSQL, 3 schedulers:", end=" ", flush=True)
        uri, place = server.new_database(), Path(home)
        print(storm(uri, place, schedules=given.schedules, schedulers=3, seconds=given.seconds, kills=kills))
        print("SQLite, 2 schedulers:", end=" ", flush=True)
        uri = f"sqlite:///{place}/runs.db"
        print(storm(uri, place, schedules=given.schedules, schedulers=2, seconds=given.seconds, kills=kills))


if __name__ == "__main__":
    main()
