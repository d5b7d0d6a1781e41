"""A new store has what the migrations make, however it is made."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from runner.errors import TrackingError
from runner.settings import Settings
from runner.tracking import open_store
from runner.tracking.database import making


def made(path: Path, scheme: str) -> dict[str, object]:
    """Tables and rows of a store that is made at the path."""
    open_store(
        Settings.from_environ({**os.environ, "RUNNER_HOME": str(path.parent)}), f"{scheme}:///{path}"
    ).close()
    with closing(sqlite3.connect(path)) as db:
        tables = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        told = {name: db.execute(f"PRAGMA table_xinfo({name})").fetchall() for name in tables}
        keys = {name: db.execute(f"PRAGMA foreign_key_list({name})").fetchall() for name in tables}
        indices = {
            (name, index, unique): db.execute(f"PRAGMA index_xinfo({index})").fetchall()
            for name in tables
            for _, index, unique, *_ in db.execute(f"PRAGMA index_list({name})")
        }
        # behind the fourth column come times
        rows = {name: [row[:4] for row in db.execute(f"SELECT * FROM {name}")] for name in tables}
    return {"tables": told, "keys": keys, "indices": indices, "rows": rows}


def test_the_script_makes_what_the_migrations_make() -> None:
    ours, theirs = (" ".join(text.split()) for text in (making.SCRIPT.read_text("utf-8"), making.script()))

    assert ours == theirs, "write it anew, as runner/tracking/database/making.py says"


def test_a_file_is_the_same_by_script_and_by_migrations(tmp_path: Path) -> None:
    ours, theirs = (made(tmp_path / f"{scheme}.db", scheme) for scheme in ("sqlite", "sqlite+pysqlite"))

    assert ours == theirs


def test_what_is_broken_off_leaves_no_table(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    half = tmp_path / "half.sql"
    half.write_text(making.SCRIPT.read_text("utf-8") + "no SQL;\n")
    monkeypatch.setattr(making, "SCRIPT", half)
    store = f"sqlite:///{tmp_path / 'new.db'}"
    with pytest.raises(TrackingError, match="refuses"):
        open_store(settings, store)
    monkeypatch.undo()

    with closing(sqlite3.connect(tmp_path / "new.db")) as db:
        assert db.execute("SELECT name FROM sqlite_master").fetchall() == []
    open_store(settings, store).close()
