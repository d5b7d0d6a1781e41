"""Environments over HTTP: locks that runs had, and the cache of the server's machine: why, how large, what can go."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from urllib.parse import quote

import pytest

from runner.environments.cache import MARKER
from runner.files import locked, sha256
from runner.server.access.passwords import new_token
from runner.tracking import Store
from runner.tracking.artifacts import Artifacts
from runner.tracking.model import Run
from runner.tracking.sql.store import SqlStore
from tests.environments.wheels import Index, Workshop, index, uv_cache, workshop
from tests.server.listening import call
from tests.server.native.test_tables import asked
from tests.server.servers import RunningServer, running_server

__all__ = ["index", "uv_cache", "workshop"]

LOCK = """lock-version = "1.0"
created-by = "test"
[[packages]]
name = "torch"
version = "2.9.1"
index = "https://ann:s3cr3t@wheels.example.org/t/t0ken/simple"
dependencies = [{ name = "numpy" }]
[[packages.wheels]]
url = "https://ann:s3cr3t@wheels.example.org/t/t0ken/torch-2.9.1-py3-none-any.whl"
size = 900
hashes = { sha256 = "aa" }
[[packages.wheels]]
url = "https://wheels.example.org/torch-2.9.1-cp311-none-any.whl"
size = 1000
[[packages]]
name = "numpy"
version = "2.1.0"
[[packages]]
name = "ours"
directory = { path = "/home/ann/ours", editable = true }
"""
OLDER = LOCK.replace("2.9.1", "2.8.0")
HOLDING = {
    "torch": ["2.9.1", "2.8.0"],
    "Torch 2.9": ["2.9.1"],
    "torch=2.8": ["2.8.0"],
    "torch>=2.9": ["2.9.1"],
    "torch<2": [],
    "tor": [],
    "numpy==2.1": ["2.1.0", "2.1.0"],
}


def recorded(store: Store, text: str, *, digest: str = "", name: str = "it") -> Run:
    """A run with this lock, or with one whose digest somebody has made up."""
    digest = digest or f"sha256:{sha256(text)}"
    lock = {"kind": "pylock", "digest": digest, "python": "3.11.7", "packages": 2, "origin": "resolved"}
    found = next((each for each in store.experiments() if each.name == "own"), None)
    experiment = found or store.create_experiment("own")
    run = store.create_run(
        experiment.id, name=name, tags={"runner.lock": digest, "mlflow.project.env": "virtualenv"}
    )
    kept = Artifacts(store.run(run.id).artifact_uri)
    kept.put_bytes(json.dumps({"environment": {"lock": lock}}).encode(), "runner/plan.json")
    kept.put_bytes(text.encode(), "runner/pylock.toml")
    kept.put_bytes(json.dumps({"machine": {"system": "Linux"}}).encode(), "runner/record.json")
    return store.run(run.id)


@pytest.fixture
def server(store: Store) -> Iterator[RunningServer]:
    with running_server() as running:
        yield running


def of_lock(text: str) -> str:
    return f"/environments/{quote(f'sha256:{sha256(text)}')}"


def test_locks_of_runs_are_listed_with_what_their_plans_say(store: Store, server: RunningServer) -> None:
    recorded(store, OLDER)
    recorded(store, LOCK)
    newest = recorded(store, LOCK, name="newest")
    store.create_run("0", name="without")

    told = asked(server, "/environments").body
    second = asked(server, "/environments", offset=1, limit=1).body

    assert (told["total"], told["runs"]) == (2, 3)
    first = told["environments"][0]
    assert (first["runs"], first["newest"], first["name"]) == (2, newest.id, "newest")
    assert (first["kind"], first["format"], first["python"], first["packages"]) == (
        "virtualenv", "pylock", "3.11.7", 2,
    )  # fmt: skip
    assert [each["digest"] for each in second["environments"]] == [f"sha256:{sha256(OLDER)}"]


def test_locks_are_found_by_a_package_that_they_hold(store: Store, server: RunningServer) -> None:
    recorded(store, OLDER)
    recorded(store, LOCK)

    for package, versions in HOLDING.items():
        told = asked(server, "/environments", **{"with": package}).body

        assert [each["holds"] for each in told["environments"]] == versions, package
        assert (told["total"], told["looked"]) == (len(versions), 2)


def test_what_is_no_package_is_refused_with_how_to_write_it(server: RunningServer) -> None:
    answer = asked(server, "/environments", **{"with": "torch >= ?"})

    assert answer.status == 400
    assert "torch>=2.9,<3" in answer.message


def test_a_lock_tells_why_each_package_is_there_and_no_secret_of_its_index(
    store: Store, server: RunningServer
) -> None:
    run = recorded(store, LOCK)

    told = asked(server, of_lock(LOCK)).body

    numpy, ours, torch = told["listed"]
    assert (numpy["required_by"], torch["asked"]) == (["torch"], True)
    assert ours["build"] == "…/ours"
    assert (torch["host"], torch["size"]) == ("wheels.example.org", 1000)
    assert (told["path"], told["platform"], told["links"]) == ("runner/pylock.toml", "Linux", True)
    assert [each["id"] for each in told["last"]] == [run.id]
    assert not any(secret in json.dumps(told) for secret in ("s3cr3t", "t0ken", "/home/ann"))


def test_a_lock_is_told_from_a_run_that_still_has_it(store: Store, server: RunningServer) -> None:
    kept = recorded(store, LOCK)
    liar = recorded(store, OLDER, digest=f"sha256:{sha256(LOCK)}")

    told = asked(server, of_lock(LOCK)).body
    alone = asked(server, of_lock(OLDER))

    assert told["newest"] == kept.id != liar.id
    assert {each["version"] for each in told["listed"]} == {"2.9.1", "2.1.0", "from a directory"}
    assert alone.status == 404


def test_files_of_a_lock_that_somebody_has_written_over_are_not_its_packages(
    store: Store, server: RunningServer
) -> None:
    for text in ("no lock", "[" * 9999):
        recorded(store, text)
        assert asked(server, of_lock(text)).body["problem"]
    run = recorded(store, LOCK)
    Artifacts(run.artifact_uri).put_bytes(OLDER.encode(), "runner/pylock.toml")

    told = asked(server, of_lock(LOCK)).body

    assert told["problem"] == "its lock is not with this server, or not any more"
    assert "listed" not in told
    assert asked(server, "/environments", **{"with": "torch"}).status == 200


# the cache --------------------------------------------------------------------------------------------------
def test_an_environment_in_the_cache_says_why_it_was_built_and_how(
    workshop: Workshop, index: Index, server: RunningServer
) -> None:
    older, newer = workshop.build("alpha", "beta<2"), workshop.build("alpha")
    assert older.path
    marker = older.path / MARKER
    marker.write_text(json.dumps({**json.loads(marker.read_text()), "created": 1}))

    cache = asked(server, "/cache").body
    told = asked(server, f"/cache/{newer.key}").body

    assert {each["key"] for each in cache["environments"]} == {older.key, newer.key}
    assert (cache["builds"], cache["limit"]) == ([], None)
    assert told["environment"]["seconds"].keys() == {"create", "install"}
    assert told["nearest"] == older.key
    assert told["packages_differ"] == [{"name": "beta", "there": "1.0", "here": "2.0"}]
    assert [each.get("required_by") for each in told["listed"]] == [None, ["alpha"]]
    assert any("+ beta==2.0" in line for line in told["log"])
    assert asked(server, "/cache/0000").status == 404


def test_room_is_made_only_when_that_is_meant_and_nothing_goes_that_is_in_use(
    workshop: Workshop, index: Index, server: RunningServer
) -> None:
    busy, idle = workshop.build("alpha"), workshop.build("beta")
    with subprocess.Popen(["sleep", "60"], env={**os.environ, "VIRTUAL_ENV": str(busy.path)}) as program:
        dry = call(server.uri, "POST", "/cache/free", {"older_than": 0})
        refused = call(server.uri, "POST", "/cache/free", {"keys": [idle.key, busy.key], "dry_run": False})
        kept = asked(server, "/cache").body["environments"]
        gone = call(server.uri, "POST", "/cache/free", {"older_than": 0, "dry_run": False})
        left = asked(server, "/cache").body["environments"]
        program.kill()
    assert busy.path
    built = busy.path.with_name("f" * 32)
    shutil.copytree(busy.path, built, symlinks=True)
    with locked(built.with_name(f"{built.name}.lock")):
        by_key = call(server.uri, "POST", "/cache/free", {"keys": [busy.key, built.name], "dry_run": False})

    assert [each["key"] for each in dry[1]["environments"]] == [idle.key]
    assert dry[1]["command"] == "runner env gc --older-than 0 --dry-run"
    assert refused[0] == 400
    assert "in use" in refused[1]["message"]
    assert {each["key"]: each.get("busy") for each in kept} == {busy.key: True, idle.key: None}
    assert [each["key"] for each in gone[1]["environments"]] == [idle.key]
    assert [each["key"] for each in left] == [busy.key]
    assert by_key[1]["command"] == f"runner env remove {str(busy.key)[:12]} {'f' * 12}"
    assert [each["key"] for each in by_key[1]["environments"]] == [busy.key]
    assert "is being built" in by_key[1]["refused"][built.name]
    assert [each["key"] for each in asked(server, "/cache").body["environments"]] == [built.name]


def test_a_form_of_another_page_frees_nothing(server: RunningServer) -> None:
    assert call(server.uri, "POST", "/cache/free")[0] == 400


def test_with_sign_in_the_cache_is_for_administrators(workshop: Workshop, index: Index, store: Store) -> None:
    environment = workshop.build("alpha")
    assert isinstance(store, SqlStore)
    tokens = {}
    for name in ("ann", "root"):
        tokens[name] = new_token()
        store.users.add(name, password_hash=None, admin=name == "root")
        store.users.add_token(name, "t", digest=tokens[name].digest, ending=tokens[name].ending, expires=None)

    with running_server("--auth") as server:
        calls = [("GET", "/cache", None), ("GET", f"/cache/{environment.key}", None), ("POST", "/cache/free", {"keys": [environment.key], "dry_run": False})]  # fmt: skip
        refused = [call(server.uri, *each, token=tokens["ann"].text)[0] for each in calls]
        allowed = [call(server.uri, *each, token=tokens["root"].text)[0] for each in calls]

    assert (refused, allowed) == ([403] * 3, [200] * 3)
