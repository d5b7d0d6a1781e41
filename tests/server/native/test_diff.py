"""What changed between two runs, over HTTP: how they were executed, what came out, and what a server does not look at."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from runner.errors import Conflict
from runner.reproduction.serving import LARGEST, differing
from runner.server.access.passwords import new_token
from runner.server.native.differences import Answers, Between
from runner.settings import Settings
from runner.tracking import Store
from runner.tracking.model import Metric, Run, RunStatus
from runner.tracking.sql.store import SqlStore
from tests.conftest import Cli, Files
from tests.server.listening import call
from tests.server.servers import RunningServer, running_server

PROJECT = {
    "MLproject": """\
        name: digits
        entry_points:
          main:
            parameters: {lr: {type: float, default: 0.1}}
            outputs: [model.bin]
            command: "python train.py {lr}"
        metrics: metrics.json
        """,
    "train.py": """\
        import json, sys
        factor = 1
        lr = float(sys.argv[1])
        json.dump({"loss": lr * factor}, open("metrics.json", "w"))
        open("model.bin", "w").write(str(lr * factor))
        """,
}


def git(directory: Path, *arguments: str) -> str:
    who = ("-c", "user.name=Ann", "-c", "user.email=ann@example.org", "-c", "gc.auto=0")
    command = ["git", "-C", str(directory), *who, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def two(cli: Cli, files: Files, store: Store) -> tuple[Run, Run]:
    """The second has another parameter, and a change that was not committed."""
    project = files(PROJECT)
    (project / ".gitignore").write_text("metrics.json\nmodel.bin\n")
    for arguments in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "-m", "Train"]):
        git(project, *arguments)
    words = ("run", str(project), "--env-manager", "local", "--experiment-name", "digits")
    assert cli(*words, "--run-name", "first").code == 0
    (project / "train.py").write_text((project / "train.py").read_text().replace("factor = 1", "factor = 2"))
    assert cli(*words, "--run-name", "second", "-P", "lr=0.3").code == 0
    return store.run("first"), store.run("second")


@pytest.fixture
def server(store: Store) -> Iterator[RunningServer]:
    with running_server() as running:
        yield running


def told(server: RunningServer, path: str, token: str = "") -> dict[str, Any]:
    status, body = call(server.uri, "GET", path, token=token)
    assert status == 200, body
    assert isinstance(body, dict)
    return body


def test_what_changed_is_told_by_kind_with_its_likeliest_causes(
    two: tuple[Run, Run], server: RunningServer
) -> None:
    first, second = two

    between = told(server, f"/diff?a={first.id}&b={second.id}")
    inputs = told(server, f"/diff/inputs?runs={first.id}&runs={second.id}")["runs"]

    found = {(one["aspect"], one["name"]): one for one in between["differences"]}
    assert found["parameter", "lr"]["before"] == "0.1"
    assert found["parameter", "lr"]["after"] == "0.3"
    assert "-factor = 1\n+factor = 2" in found["code", "train.py"]["detail"]
    causes = {between["differences"][place]["name"] for place in between["causes"]}
    assert causes == {"lr", "train.py"}
    results = {(one["kind"], one["name"]): one["outcome"] for one in between["results"]}
    assert results["metric", "loss"] == results["artifact", "model.bin"] == "different"
    assert between["verdict"] == "different"
    same = {kind for kind in ("code", "environment", "data", "machine", "parameters")
            if inputs[0][kind]["digest"] == inputs[1][kind]["digest"] is not None}  # fmt: skip
    assert same == {"environment", "data", "machine"}


def test_files_are_told_by_their_digests_and_long_ones_are_not_read(
    two: tuple[Run, Run], store: SqlStore, server: RunningServer
) -> None:
    for number, run in enumerate(two):
        artifacts = store.artifacts(run.artifact_uri)
        artifacts.put_bytes(bytes([number]) * (LARGEST + 1), "long.bin")
        artifacts.put_bytes(b"equal", "equal.txt")

    between = told(server, f"/diff?a={two[0].id}&b={two[1].id}")
    files = told(server, f"/diff/files?runs={two[0].id}&runs={two[1].id}")["runs"]

    results = {one["name"]: one for one in between["results"]}
    assert results["long.bin"]["outcome"] == "ignored"
    assert "runner diff" in results["long.bin"]["note"]
    assert "equal.txt" not in results
    digests = [{file["path"]: file.get("digest") for file in run["files"]}["model.bin"] for run in files]
    assert None not in digests
    assert digests[0] != digests[1]


def test_how_far_apart_results_are_is_told_from_runs_that_are_alike_but_for_the_seed(
    store: Store, server: RunningServer
) -> None:
    made = [
        store.create_run("0", params={"lr": rate, "seed": str(seed)})
        for rate, seed in (("0.1", 1), ("0.1", 2), ("0.1", 3), ("0.2", 1), ("0.1", 3))
    ]
    for run, value in zip(made, (1.0, 2.0, 3.0, 50.0, 3.0), strict=True):
        store.log(run.id, metrics=[Metric("acc", value, 1)])
        store.update_run(run.id, status=RunStatus.FINISHED)

    repeats = told(server, f"/diff/repeats?a={made[0].id}&b={made[3].id}")

    spread = repeats["first"]["metrics"]["acc"]
    assert repeats["first"]["seeds"]
    assert (spread["count"], spread["mean"], spread["deviation"]) == (3, 2.0, 1.0)  # seed 3 counts once
    assert repeats["second"]["metrics"] == {}  # one run says nothing


def test_a_run_that_goes_on_and_one_that_others_recorded_are_answered_in_words(
    two: tuple[Run, Run], store: Store, server: RunningServer
) -> None:
    going = store.create_run(two[0].experiment_id, name="going", status=RunStatus.RUNNING)
    plain = store.create_run(two[0].experiment_id, name="plain", params={"lr": "1"})
    store.update_run(plain.id, status=RunStatus.FINISHED)

    status, refused = call(server.uri, "GET", f"/diff?a={two[0].id}&b={going.id}")
    unknown = told(server, f"/diff?a={two[0].id}&b={plain.id}")
    gone, _ = call(server.uri, "GET", f"/diff?a={two[0].id}&b={'0' * 32}")
    kinds = told(server, f"/diff/inputs?runs={plain.id}")["runs"][0]

    assert status == 400
    assert "still going on" in refused["message"]
    assert "plain" in unknown["trouble"]
    assert unknown["verdict"] is None
    assert gone == 404
    assert "digest" not in kinds["code"] or kinds["code"]["digest"] is None


def test_a_plan_of_a_stranger_shows_no_repository_of_the_server(
    two: tuple[Run, Run], store: SqlStore, settings: Settings, tmp_path: Path
) -> None:
    private = tmp_path / "private"
    private.mkdir()
    git(private, "init", "--quiet")
    commits = []
    for text in ("secret one", "secret two"):
        (private / "file.txt").write_text(text)
        git(private, "add", ".")
        git(private, "commit", "--quiet", "-m", text)
        commits.append(git(private, "rev-parse", "HEAD"))
    runs = [planned(store, two[0], uri=str(private), commit=commit) for commit in commits]

    strange = differing(store, settings, trusting=False)(*runs)
    own = differing(store, settings, trusting=True)(*runs)

    assert "secret" not in repr(strange)
    assert any("commit" in one.name for one in strange.differences)
    assert "secret two" in repr(own)  # on a server of one's own the way between commits is told


def test_tags_of_a_stranger_make_the_server_look_at_no_directory(
    store: SqlStore, settings: Settings, files: Files
) -> None:
    project = files({"MLproject": "entry_points: {main: {parameters: {p: float}, command: 'true'}}"})
    runs = []
    for value in ("1", "2"):
        tags = {"mlflow.project.entryPoint": "main", "mlflow.source.name": str(project)}
        run = store.create_run("0", params={"p": value}, tags=tags)
        store.update_run(run.id, status=RunStatus.FINISHED)
        runs.append(store.run(run.id))

    strange = differing(store, settings, trusting=False)(runs[0], runs[1])
    own = differing(store, settings, trusting=True)(runs[0], runs[1])

    assert "has no plan" in strange.trouble
    assert strange.differences == []
    assert [one.name for one in own.differences if one.aspect == "parameter"] == ["p"]


def planned(store: SqlStore, like: Run, *, uri: str, commit: str) -> Run:
    """A run whose plan says that it had that code."""
    plan = json.loads(store.artifacts(like.artifact_uri).read("runner/plan.json"))
    plan["source"] |= {"kind": "directory", "uri": uri, "commit": commit, "bundles": {}, "dirty": False}
    run = store.create_run(like.experiment_id)
    store.artifacts(run.artifact_uri).put_bytes(json.dumps(plan).encode(), "runner/plan.json")
    store.update_run(run.id, status=RunStatus.FINISHED)
    return store.run(run.id)


def test_code_that_was_kept_whole_with_runs_is_shown_to_all_who_may_read_them(
    two: tuple[Run, Run], store: SqlStore, settings: Settings
) -> None:
    away = replace(
        settings, cache=settings.cache / "empty"
    )  # the machine of the server never saw the project

    between = differing(store, away, trusting=False)(*two)

    assert any("+factor = 2" in one.detail for one in between.differences)


def test_an_answer_is_made_once_until_something_is_known_of_a_run(store: Store) -> None:
    runs = [store.create_run("0"), store.create_run("0")]
    made = []

    def count(first: Run, second: Run) -> Between:
        made.append((first, second))
        return Between(trouble=f"{len(made)}")

    answers = Answers(count)
    again = [answers.to(runs[0], runs[1]) for _ in range(3)]
    store.log(runs[0].id, tags={"note": "x"})
    other = answers.to(store.run(runs[0].id), runs[1])

    assert len(set(again)) == 1
    assert len(made) == 2
    assert json.loads(other)["trouble"] == "2"


def test_a_failure_is_not_kept(store: Store) -> None:
    run = store.create_run("0")
    tried = []

    def refuse(first: Run, _second: Run) -> Between:
        tried.append(first)
        raise Conflict("it goes on")

    answers = Answers(refuse)
    for _ in range(2):
        with pytest.raises(Conflict):
            answers.to(run, run)

    assert len(tried) == 2


def token_of(store: SqlStore, user: str, *, admin: bool) -> str:
    """Of a new user."""
    made = new_token()
    store.users.add(user, password_hash=None, admin=admin)
    store.users.add_token(user, "t", digest=made.digest, ending=made.ending, expires=None)
    return made.text


def test_runs_that_somebody_may_not_read_are_not_compared(two: tuple[Run, Run], store: SqlStore) -> None:
    tokens = {name: token_of(store, name, admin=name == "ann") for name in ("ann", "eve")}
    paths = (
        f"/diff?a={two[0].id}&b={two[1].id}",
        f"/diff/inputs?runs={two[0].id}",
        f"/diff/files?runs={two[0].id}",
        f"/diff/repeats?a={two[0].id}&b={two[1].id}",
    )

    with running_server("--auth", "--default-permission", "NONE", environ=os.environ) as server:
        answers = {
            name: [call(server.uri, "GET", path, token=token)[0] for path in paths]
            for name, token in tokens.items()
        }

    assert answers["ann"] == [200] * 4
    assert all(status in {403, 404} for status in answers["eve"]), answers
