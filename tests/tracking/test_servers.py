"""What a store on a database server must do beyond what every store does: many writers, restarts, overload, passwords."""

import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
import sqlalchemy
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from msgspec.structs import replace

from runner.errors import Conflict, TrackingError, Unavailable
from runner.settings import Settings
from runner.tracking import Store, open_store
from runner.tracking.database import engine as engine_module
from runner.tracking.database.schema import metadata
from runner.tracking.model import Entry, Metric
from runner.tracking.opening import HEAD, VERSION_TABLE, upgrade
from tests.services.databases import DatabaseServer

NAMES = ["a", "A", "a ", "ä", "a\N{COMBINING DIAERESIS}", "\N{SNAKE}", "\N{TACO}"]


@pytest.fixture
def uri(database_server: DatabaseServer) -> str:
    return database_server.new_database()


@pytest.fixture
def shared(uri: str, settings: Settings) -> Iterator[Callable[[], Store]]:
    """Opens the same store once more, as another server does."""
    opened: list[Store] = []

    def again() -> Store:
        opened.append(open_store(settings, uri))
        return opened[-1]

    yield again
    for store in opened:
        store.close()


@pytest.fixture
def store(shared: Callable[[], Store]) -> Store:
    return shared()


def at_once(*works: Callable[[], object]) -> list[object]:
    """What the works give, or raise, when they begin together."""
    barrier = threading.Barrier(len(works))

    def work(index: int) -> object:
        barrier.wait()
        try:
            return works[index]()
        except TrackingError as error:
            return error

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(work, range(len(works))))


# texts ----------------------------------------------------------------------------------------------------


def test_names_that_differ_only_in_case_spaces_or_accents_are_different(store: Store) -> None:
    for name in NAMES:
        store.create_experiment(name)

    assert [store.experiment_named(name).name for name in NAMES] == NAMES
    run = store.create_run("0", params={"p": "x"}, tags={"A": "1", "a": "\N{SNAKE}"})
    assert store.run(run.id).tags["a"] == "\N{SNAKE}"
    assert len(store.search_runs(filter="tags.a = '\N{SNAKE}'").items) == 1
    assert store.search_runs(filter="params.p = 'X'").items == ()


def test_texts_are_in_the_order_of_their_code_points(store: Store) -> None:
    for name in ("b", "B", "a", "_", "~"):
        store.create_run("0", name=name)

    found = store.search_runs(order_by=["attributes.run_name"]).items

    assert [run.name for run in found] == ["B", "_", "a", "b", "~"]


# many writers ---------------------------------------------------------------------------------------------


def test_experiments_that_are_made_at_once_have_different_numbers(shared: Callable[[], Store]) -> None:
    stores = [shared() for _ in range(4)]

    made = at_once(
        *(lambda n=n, store=store: store.create_experiment(f"e{n}").id for n, store in enumerate(stores * 4))
    )

    assert sorted(made, key=str) == sorted(map(str, range(1, 17)))


def test_of_two_who_take_a_name_at_once_one_is_told_that_it_is_taken(shared: Callable[[], Store]) -> None:
    stores = [shared() for _ in range(4)]

    answers = at_once(*(lambda store=store: store.create_experiment("same") for store in stores))

    assert sum(isinstance(answer, Conflict) for answer in answers) == 3


def test_of_two_who_write_a_param_at_once_one_is_told_that_it_is_another_value(
    shared: Callable[[], Store],
) -> None:
    stores = [shared() for _ in range(4)]
    run = stores[0].create_run("0")

    answers = at_once(
        *(lambda n=n, store=store: store.log(run.id, params={"a": str(n)}) for n, store in enumerate(stores))
    )

    assert sum(isinstance(answer, Conflict) for answer in answers) == 3
    kept = stores[0].run(run.id).params["a"]
    assert answers[int(kept)] is None


def test_the_latest_point_is_the_latest_whoever_writes_last(shared: Callable[[], Store]) -> None:
    stores = [shared() for _ in range(4)]
    run = stores[0].create_run("0")

    def log(store: Store, first: int) -> None:
        for step in range(first, 80, 4):
            store.log(
                run.id, metrics=[Metric("m", -step, 1000 - step, step)], tags={f"t{step % 7}": str(step)}
            )

    answers = at_once(*(lambda n=n, store=store: log(store, n) for n, store in enumerate(stores)))

    assert answers == [None] * 4
    assert stores[0].run(run.id).metrics["m"] == Metric("m", -79, 921, 79)
    assert len(stores[0].metric_history(run.id, "m")) == 80


def test_writers_of_the_same_new_names_in_opposite_orders_all_get_through(
    shared: Callable[[], Store],
) -> None:
    stores = [shared() for _ in range(4)]
    runs = [stores[0].create_run("0").id for _ in range(6)]

    def log(store: Store, order: int) -> object:
        entries = [
            Entry(run, {f"p{n}-{run[:4]}": "1"}, (Metric(f"m{n}", 1, 1, n),)) for n, run in enumerate(runs)
        ]
        return [store.log_all(entries[::order]) for _ in range(5)]

    answers = at_once(*(lambda n=n, store=store: log(store, (-1) ** n) for n, store in enumerate(stores)))

    assert answers == [[[None] * 6] * 5] * 4


def test_a_block_of_reading_sees_one_state(shared: Callable[[], Store]) -> None:
    reader, writer = shared(), shared()
    with reader._database.reading() as db:  # type: ignore[attr-defined]
        before = db.execute("SELECT COUNT(*) FROM runner_runs")
        writer.create_run("0")
        after = db.execute("SELECT COUNT(*) FROM runner_runs")

    assert before == after
    assert len(reader.search_runs().items) == 1


def test_after_a_dead_lock_nothing_of_the_joined_changes_is_kept_and_their_caller_hears_of_it(
    shared: Callable[[], Store],
) -> None:
    """MariaDB ends the whole transaction, savepoints and all: what was done in it before must not count as done."""
    one, other = shared(), shared()
    first, second = (one.create_run("0", tags={"by": "", "after": "no"}).id for _ in range(2))
    met = threading.Barrier(2, timeout=20)

    def cross(store: Store, a: str, b: str) -> object:
        with store.joined() as joined:
            joined.log(a, tags={"by": a})
            met.wait()
            with suppress(Unavailable):
                joined.log(b, tags={"by": a})
            joined.log(a, tags={"after": "yes"})
        return "kept"

    answers = at_once(lambda: cross(one, first, second), lambda: cross(other, second, first))

    told = [answer == "kept" for answer in answers]
    tags = [one.run(run).tags for run in (first, second)]
    assert any(told)
    assert [each["after"] == "yes" for each in tags] == told


# the server -----------------------------------------------------------------------------------------------


def test_a_restart_of_the_database_is_survived(store: Store, database_server: DatabaseServer) -> None:
    store.create_run("0", name="before")

    database_server.restart()

    assert store.create_run("0", name="after").name == "after"
    assert {run.name for run in store.search_runs().items} == {"before", "after"}


def test_a_database_that_is_gone_is_unavailable(store: Store, database_server: DatabaseServer) -> None:
    database_server.stop()
    try:
        with pytest.raises(Unavailable, match="refuses"):
            store.search_runs()
    finally:
        database_server.restart()


def test_more_at_once_than_there_are_connections_is_unavailable_soon(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store._database.engine.pool, "_timeout", 0.1)  # type: ignore[attr-defined]
    release = threading.Event()

    def hold() -> None:
        with store._database.reading():  # type: ignore[attr-defined]
            release.wait(20)

    with ThreadPoolExecutor(engine_module.AT_ONCE) as pool:
        for _ in range(engine_module.AT_ONCE):
            pool.submit(hold)
        while store._database.engine.pool.checkedout() < engine_module.AT_ONCE:  # type: ignore[attr-defined]
            time.sleep(0.01)
        with pytest.raises(Unavailable, match="connections to it are busy"):
            store.search_runs()
        release.set()

    assert store.search_runs().items == ()


@pytest.mark.slow
def test_a_writer_that_never_ends_is_waited_for_only_so_long(shared: Callable[[], Store]) -> None:
    holder, waiter = shared(), shared()
    run = holder.create_run("0")
    with holder.joined() as joined:
        joined.log(run.id, tags={"a": "1"})
        started = time.monotonic()

        with pytest.raises(Unavailable, match=r"lock timeout|Lock wait timeout"):
            waiter.log(run.id, tags={"a": "2"})

        assert 5 < time.monotonic() - started < 30
    assert holder.run(run.id).tags["a"] == "1"


# opening --------------------------------------------------------------------------------------------------


def test_the_tables_on_a_server_are_what_the_schema_describes(store: Store, uri: str) -> None:
    engine = sqlalchemy.create_engine(uri)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        differences = compare_metadata(context, metadata)
    engine.dispose()

    assert differences == []


def test_servers_that_start_at_once_make_the_tables_once(uri: str, settings: Settings) -> None:
    answers = at_once(*(lambda: open_store(settings, uri) for _ in range(4)))

    stores = [answer for answer in answers if not isinstance(answer, TrackingError)]
    assert len(stores) == 4
    assert [experiment.name for experiment in stores[0].experiments()] == ["Default"]  # type: ignore[attr-defined]
    for store in stores:
        store.close()  # type: ignore[attr-defined]


def test_the_tables_of_an_older_version_are_not_changed_without_being_asked(
    uri: str, settings: Settings, database_server: DatabaseServer
) -> None:
    open_store(settings, uri).close()
    database_server.execute(f"UPDATE {VERSION_TABLE} SET version_num = '0001'", uri)

    with pytest.raises(TrackingError, match="older version of runner") as refused:
        open_store(settings, uri)

    assert "runner db upgrade" in (refused.value.hint or "")


def test_first_tables_that_were_broken_off_are_completed(mariadb: DatabaseServer, settings: Settings) -> None:
    """MariaDB keeps each table as soon as it is made."""
    uri = mariadb.new_database()
    open_store(settings, uri).close()
    mariadb.execute("SET foreign_key_checks = 0", uri)
    mariadb.execute("DROP TABLE runner_model_permissions", uri)
    for table in ("runner_experiments", "runner_counters", VERSION_TABLE):
        mariadb.execute(f"DELETE FROM {table}", uri)

    store = open_store(settings, uri)

    assert store.create_run("0").experiment_id == "0"
    store.close()


def test_tables_with_rows_are_never_made_anew(mariadb: DatabaseServer, settings: Settings) -> None:
    uri = mariadb.new_database()
    store = open_store(settings, uri)
    run = store.create_run("0")
    store.close()
    mariadb.execute(f"DELETE FROM {VERSION_TABLE}", uri)

    with pytest.raises(TrackingError, match="with rows in it"):
        open_store(settings, uri)

    assert mariadb.execute("SELECT uuid FROM runner_runs", uri) == [(run.id,)]


def test_somebody_elses_database_on_a_server_is_left_alone(
    uri: str, settings: Settings, database_server: DatabaseServer
) -> None:
    database_server.execute("CREATE TABLE orders (id INTEGER)", uri)

    with pytest.raises(TrackingError, match="a database of something else"):
        open_store(settings, uri)


def test_a_database_in_another_encoding_is_refused(postgresql: DatabaseServer, settings: Settings) -> None:
    uri = postgresql.new_database("ENCODING 'LATIN1' TEMPLATE template0")

    with pytest.raises(TrackingError, match="are LATIN1, not UTF8"):
        open_store(settings, uri)


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg2", "postgresql+psycopg"])
def test_every_way_of_naming_postgresql_is_understood(
    postgresql: DatabaseServer, settings: Settings, scheme: str
) -> None:
    uri = postgresql.new_database().replace("postgresql+psycopg", scheme, 1)

    store = open_store(settings, uri)

    assert store.create_run("0").experiment_id == "0"
    store.close()


@pytest.mark.parametrize("scheme", ["mysql", "mariadb", "mysql+mysqldb", "mariadb+pymysql"])
def test_every_way_of_naming_mariadb_is_understood(
    mariadb: DatabaseServer, settings: Settings, scheme: str
) -> None:
    uri = mariadb.new_database().replace("mysql+pymysql", scheme, 1)

    store = open_store(settings, f"{uri}?charset=latin1")

    assert store.create_experiment("\N{SNAKE}").name == "\N{SNAKE}"
    store.close()


@pytest.mark.parametrize(
    "uri",
    [
        "postgresql://me:hunter2@127.0.0.1:1/runs?sslpassword=hunter2",
        "mysql://me:hunter2@127.0.0.1:1/runs?password=hunter2",
        "postgresql://me:hunter2@127.0.0.1:port/runs",
        "oracle://me:hunter2@host/runs",
        "http://me:hunter2@host/runs",
    ],
)
def test_no_message_holds_a_password(settings: Settings, uri: str) -> None:
    with pytest.raises(TrackingError) as refused:
        open_store(settings, uri)

    assert "hunter2" not in f"{refused.value} {refused.value.hint} {refused.value.detail}"


def test_a_missing_driver_is_named_with_what_installs_it(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)

    with pytest.raises(TrackingError, match="needs the package psycopg") as refused:
        open_store(settings, "postgresql://me@127.0.0.1:1/runs")

    assert refused.value.hint == "pip install 'runner[postgresql]'"


def test_an_upgrade_says_from_where_to_where(uri: str, settings: Settings) -> None:
    there = replace(settings, tracking_uri=uri)

    assert upgrade(there) == (None, HEAD)
    assert upgrade(there) == (HEAD, HEAD)
