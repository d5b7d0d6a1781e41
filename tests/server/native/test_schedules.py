"""Schedules over HTTP: what is told of them, and to whom."""

from contextlib import closing

import pytest

from runner.settings import Settings
from runner.tracking import open_database_store
from runner.tracking.schedules import Cause, Definition, NewFiring, Upcoming
from runner.tracking.sql.store import SqlStore
from tests.server.native.test_tables import asked
from tests.server.servers import running_server


@pytest.fixture
def scheduled(settings: Settings) -> None:
    with closing(open_database_store(settings)) as store:
        assert isinstance(store, SqlStore)
        definition = Definition(
            expression="0 3 * * *", uri="https://host/team/churn.git", parameters={"password": "s3cr3t"}
        )
        kept = store.schedules.add("night.ly", definition, upcoming=Upcoming(10_000, 10_000))
        store.schedules.insert(
            kept.id, [NewFiring(time, time, Cause.CLOCK) for time in (1000, 2000)], replacing=False
        )


@pytest.mark.usefixtures("scheduled")
def test_schedules_and_their_firings_are_told_without_values_of_parameters() -> None:
    with running_server() as server:
        told, firings = asked(server, "/schedules"), asked(server, "/schedules/night.ly/firings", limit=1)
        absent = asked(server, "/schedules/other/firings")

    (schedule,) = told.body["schedules"]
    assert (schedule["name"], schedule["next"], schedule["parameters"]) == ("night.ly", 10_000, ["password"])
    assert "s3cr3t" not in str(told.body)
    assert [each["scheduled_for"] for each in firings.body["firings"]] == [2000]
    assert absent.status == 404
