"""A PostgreSQL and a MariaDB of our own, on loopback, whose data are gone when the tests end.

Neither waits for the disk: what survives a power cut is their business, not ours.
"""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import sqlalchemy

from tests.services.programs import as_user, needed

PATIENCE = 60.0  # seconds in which a server has to be there


@dataclass
class DatabaseServer:
    """`uri` names a server, with a path after it a database; `admin` is one that is always there."""

    uri: str
    ending: signal.Signals  # what it ends after without waiting for clients
    start: Callable[[], "subprocess.Popen[bytes]"]
    process: "subprocess.Popen[bytes]"
    admin: str
    _numbers: Iterator[int] = field(default_factory=count)

    def new_database(self, options: str = "") -> str:
        """The URI of an empty database."""
        name = f"runs{next(self._numbers)}"
        self.execute(f"CREATE DATABASE {name} {options}")
        return f"{self.uri}/{name}"

    def execute(self, statement: str, uri: str | None = None) -> list[tuple[object, ...]]:
        """Run a statement, in no transaction."""
        engine = sqlalchemy.create_engine(uri or self.admin, isolation_level="AUTOCOMMIT")
        try:
            with engine.connect() as connection:
                result = connection.exec_driver_sql(statement)
                return [tuple(row) for row in result] if result.returns_rows else []
        finally:
            engine.dispose()

    def stop(self) -> None:
        _end(self.process, self.ending)

    def restart(self) -> None:
        """As an administrator does, on the same port."""
        self.stop()
        self.process = self.start()
        self.wait()

    def wait(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                self.execute("SELECT 1")
            except sqlalchemy.exc.SQLAlchemyError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
            else:
                return


@contextmanager
def postgresql() -> Iterator[DatabaseServer]:
    """A server of its own; `initdb` and start take less than a second."""
    initdb, postgres = needed("initdb"), needed("postgres")
    with _directory("postgres") as place:
        data = f"{place}/data"
        _run(
            as_user(
                "postgres", [initdb, *f"-D {data} -A trust -U tester -E UTF8 --locale=C --no-sync".split()]
            )
        )
        port = _free_port()
        settings = f"port={port} listen_addresses=127.0.0.1 unix_socket_directories={place} fsync=off"
        words = [word for each in settings.split() for word in ("-c", each)]
        uri = f"postgresql+psycopg://tester@127.0.0.1:{port}"
        command = as_user("postgres", [postgres, "-D", data, *words])
        with _serving(command, place, uri, admin=f"{uri}/postgres", ending=signal.SIGINT) as server:
            yield server


@contextmanager
def mariadb() -> Iterator[DatabaseServer]:
    """A server of its own; it is there after some seconds."""
    installer, mariadbd = needed("mariadb-install-db"), needed("mariadbd")
    with _directory("mysql") as place:
        # A server that starts clears its directory for temporary tables: one that others use has theirs in it.
        data = f"--no-defaults --datadir={place}/data --tmpdir={place}"
        _run(
            as_user(
                "mysql",
                [installer, *f"{data} --auth-root-authentication-method=normal --skip-test-db".split()],
            )
        )
        port = _free_port()
        options = f"--port={port} --bind-address=127.0.0.1 --socket={place}/socket --pid-file={place}/pid"
        options += " --innodb-flush-log-at-trx-commit=0 --skip-name-resolve"
        uri = f"mysql+pymysql://root@127.0.0.1:{port}"
        command = as_user("mysql", [mariadbd, *data.split(), *options.split()])
        with _serving(command, place, uri, admin=uri, ending=signal.SIGTERM) as server:
            yield server


@contextmanager
def _serving(
    command: Sequence[str], place: Path, uri: str, *, admin: str, ending: signal.Signals
) -> Iterator[DatabaseServer]:
    def start() -> "subprocess.Popen[bytes]":
        with (place / "log").open("ab") as log:
            return subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True, cwd=place)

    server = DatabaseServer(uri, ending, start, start(), admin)
    try:
        server.wait()
        yield server
    finally:
        server.stop()


@contextmanager
def _directory(user: str) -> Iterator[Path]:
    """One that belongs to the user as whom a server runs, with a short path: a socket is in it."""
    place = Path(tempfile.mkdtemp(prefix="runner-tests-"))
    try:
        if os.geteuid() == 0:
            shutil.chown(place, user)
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _run(command: Sequence[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/")
    assert done.returncode == 0, done.stdout + done.stderr


def _end(process: "subprocess.Popen[bytes]", ending: signal.Signals) -> None:
    """`runuser` passes no signals on: the whole session gets them."""
    for number in (ending, signal.SIGKILL):
        if process.poll() is None:
            os.killpg(process.pid, number)
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            continue
        return


def _free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
