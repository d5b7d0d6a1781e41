"""`runner run` with a server: what is recorded there, and that no outage, restart or kill loses or doubles any of it."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from runner.files import sha256
from runner.settings import Settings
from runner.tracking import OpenStore, open_store
from runner.tracking.model import Run
from tests.conftest import Cli, Files
from tests.server.servers import RunningServer, running_server
from tests.server.wire import Wire, wired
from tests.services.mlflows import CURRENT, mlflow_server

# What a program says by plain HTTP, with files by which the test and the program wait for each other.
SPEAKING = """
    import json, os, sys, time, urllib.request
    BASE, RUN = os.environ["MLFLOW_TRACKING_URI"], os.environ["MLFLOW_RUN_ID"]

    def call(method, path, data):
        headers = {"Authorization": "Bearer " + os.environ["MLFLOW_TRACKING_TOKEN"], "Content-Type": "application/json"}
        request = urllib.request.Request(BASE + path, data, headers, method=method)
        return json.loads(urllib.request.urlopen(request, timeout=60).read() or b"{}")

    def post(path, **body):
        return call("POST", "/api/2.0/mlflow/" + path, json.dumps({"run_id": RUN, **body}).encode())

    def metrics(start, end):
        for step in range(start, end):
            post("runs/log-metric", key="loss", value=step / 2, timestamp=1000 + step, step=step)

    def put(path, data):
        info = call("GET", f"/api/2.0/mlflow/runs/get?run_id={RUN}", None)["run"]["info"]
        root = info["artifact_uri"].removeprefix("mlflow-artifacts:/")
        call("PUT", f"/api/2.0/mlflow-artifacts/artifacts/{root}/{path}", data)

    def meet(name):
        open(name, "w").close()
        while not os.path.exists(name + ".go"):
            time.sleep(0.01)
"""
PROJECT = f"entry_points: {{main: {{parameters: {{alpha: float}}, command: '{sys.executable} train.py {{alpha}}'}}}}"
# Some records, an outage, more of them, and an end that the test chooses.
THROUGH_AN_OUTAGE = """
    post("runs/log-parameter", key="before", value="1")
    metrics(0, 20)
    put("before.txt", b"before")
    meet("outage")
    metrics(20, 120)
    post("runs/log-parameter", key="during", value="2")
    post("runs/set-tag", key="moved", value="first")
    post("runs/set-tag", key="moved", value="second")
    post("runs/set-tag", key="gone", value="x")
    post("runs/delete-tag", key="gone")
    put("during.txt", b"during" * 1000)
    known = call("GET", f"/api/2.0/mlflow/runs/get?run_id={RUN}", None)["run"]["data"]
    print("read", sorted(p["key"] for p in known["params"]), len(known["metrics"]), flush=True)
    meet("end")
    sys.exit(3)
"""


@pytest.fixture(scope="module")
def line() -> Iterator[Wire]:
    with wired() as wire:
        yield wire


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, line: Wire) -> Iterator[RunningServer]:
    with own_server(tmp_path_factory.mktemp("server"), line) as server:
        yield server


@pytest.fixture
def wire(server: RunningServer, line: Wire) -> Wire:
    """The way to the server."""
    line.mend(server.uri)
    return line


@contextmanager
def own_server(home: Path, wire: Wire) -> Iterator[RunningServer]:
    """A server that keeps its store there, and may be called by that wire."""
    environ = {**os.environ, "RUNNER_HOME": str(home)}
    with running_server("--allow-host", wire.uri.removeprefix("http://"), environ=environ) as server:
        yield server


@pytest.fixture
def project(files: Files) -> Callable[[str], Path]:
    """A project whose program says what `code` says."""

    def write(code: str) -> Path:
        return files({"MLproject": PROJECT, "train.py": dedent(SPEAKING) + dedent(code)})

    return write


class Started:
    """A `runner run` that goes on."""

    def __init__(self, project: Path, uri: str, **environ: str) -> None:
        self.project = project
        self.process = subprocess.Popen(
            [sys.executable, "-m", "runner", "run", "-q", "-P", "alpha=0.5", str(project)],
            env={**os.environ, "RUNNER_TRACKING_URI": uri, **environ},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def met(self, name: str) -> None:
        """The program has come to `meet(name)`."""
        eventually((self.project / name).exists, self.process)

    def go(self, name: str) -> None:
        (self.project / f"{name}.go").touch()

    def ended(self) -> tuple[int, str, str]:
        """Code, output and errors."""
        out, err = self.process.communicate(timeout=60)
        return self.process.returncode, out, err


def eventually(done: Callable[[], object], process: "subprocess.Popen[str] | None" = None) -> None:
    end = time.monotonic() + 30
    while not done():
        assert time.monotonic() < end
        assert process is None or process.poll() is None, process.communicate()[1]
        time.sleep(0.02)


@contextmanager
def opened(uri: str) -> Iterator[OpenStore]:
    with closing(open_store(Settings.from_environ(os.environ), uri)) as store:
        yield store


def newest(uri: str) -> Run:
    with opened(uri) as store:
        return store.run("-1")


def recorded(uri: str) -> dict[str, Any]:
    """What the newest run there holds, without what differs from run to run."""
    with opened(uri) as store:
        run = store.run("-1")
        artifacts = store.artifacts(run.artifact_uri)
        return {
            "status": run.status.value,
            "params": dict(run.params),
            "loss": [(point.step, point.time, point.value) for point in store.metric_history(run.id, "loss")],
            "tags": {
                key: value
                for key, value in run.tags.items()
                if key not in {"mlflow.runName", "runner.creation"}
            },
            "files": {item.path for item in artifacts.list()},
            "during": artifacts.read("during.txt"),
            "stdout": artifacts.read("logs/stdout.txt"),
        }


def nothing_waits(home: Path) -> bool:
    return not list((home / "spool").iterdir())


EXPECTED: dict[str, Any] = {
    "status": "FAILED",
    "params": {"alpha": "0.5", "before": "1", "during": "2"},
    "loss": [(step, 1000 + step, step / 2) for step in range(120)],
    "files": {
        "before.txt",
        "during.txt",
        "logs/index.tsv",
        "logs/stdout.txt",
        "runner/source/patch.diff",
        "runner/packages.txt",
        "runner/plan.json",
        "runner/provenance.json",
        "runner/record.json",
    },
    "during": b"during" * 1000,
    "stdout": b"read ['alpha', 'before', 'during'] 1\n",
}


def digests(uri: str) -> dict[str, tuple[int, str]]:
    """Of the artifacts of the newest run there, as it has recorded them."""
    with opened(uri) as store:
        record = json.loads(store.artifacts(store.run("-1").artifact_uri).read("runner/record.json"))
    return {
        item["path"]: (item["bytes"], item["digest"].removeprefix("sha256:")) for item in record["artifacts"]
    }


def as_expected(found: dict[str, Any]) -> bool:
    """All that the program was told is kept, each once."""
    tags = found.pop("tags")
    assert found == EXPECTED
    assert (tags["moved"], tags["runner.exit_code"]) == ("second", "3")
    assert "gone" not in tags
    return True


def test_a_run_is_recorded_on_a_server_as_in_a_store_of_this_machine(
    server: RunningServer, home: Path, cli: Cli, files: Files
) -> None:
    program = """
        import json, sys
        json.dump({"loss": 0.25, "nan": float("nan")}, open("metrics.json", "w"))
        open("model.bin", "wb").write(b"x" * 100)
        print("said")
        sys.exit(int(sys.argv[1]))
    """
    demo = files(
        {
            "MLproject": f"""
                entry_points:
                  main:
                    parameters: {{code: int, note: {{type: string, default: two words}}}}
                    command: {sys.executable} train.py {{code}}
                    metrics: [metrics.json]
                    outputs: [model.bin]
            """,
            "train.py": program,
        }
    )
    found = []
    for uri in (f"sqlite:///{home}/here.db", server.uri):
        for left in ("metrics.json", "model.bin"):  # of the first run, and no code of the second
            (demo / left).unlink(missing_ok=True)
        code = cli("run", demo, "--tracking-uri", uri, "-P", "code=4", "--tag", "team=churn").code
        with opened(uri) as store:
            run = store.run("-1")
            names = [item.path for item in store.artifacts(run.artifact_uri).list()]
        shown = json.loads(cli("runs", "--tracking-uri", uri, "show", "-1", "--json").out)
        printed = cli("runs", "--tracking-uri", uri, "logs", "-1").out
        tags = {
            key: text
            for key, text in shown["tags"].items()
            if key not in {"mlflow.runName", "runner.creation"}
        }
        values = {key: metric["value"] for key, metric in shown["metrics"].items()}
        found.append(
            (code, shown["status"], shown["user"], shown["params"], tags, str(values), names, printed)
        )

    here, there = found
    assert here == there
    assert here[0] == 4
    assert "model.bin" in here[6]
    assert nothing_waits(home)


@pytest.mark.parametrize("trouble", ["cut", "busy"])
def test_an_outage_delays_records_and_loses_none(
    wire: Wire, server: RunningServer, home: Path, project: Callable[[str], Path], trouble: str
) -> None:
    run = Started(project(THROUGH_AN_OUTAGE), wire.uri)
    run.met("outage")
    getattr(wire, trouble)()
    run.go("outage")
    run.met("end")  # the program was not held up
    run.go("end")
    time.sleep(1)
    assert run.process.poll() is None  # we wait for the server
    wire.mend()

    code, out, _ = run.ended()

    assert (code, out.encode()) == (3, EXPECTED["stdout"])
    assert as_expected(recorded(server.uri))
    assert digests(server.uri) == {
        "before.txt": (6, sha256(b"before")),
        "during.txt": (6000, sha256(EXPECTED["during"])),
    }
    assert nothing_waits(home)


def test_a_server_that_is_killed_and_started_again_misses_nothing(
    tmp_path: Path, home: Path, project: Callable[[str], Path]
) -> None:
    with wired() as wire, own_server(tmp_path / "server", wire) as first:
        wire.mend(first.uri)
        run = Started(project(THROUGH_AN_OUTAGE), wire.uri)
        run.met("outage")
        first.process.kill()
        run.go("outage")
        run.met("end")
        run.go("end")
        with own_server(tmp_path / "server", wire) as second:
            wire.mend(second.uri)

            code, _, _ = run.ended()

            assert code == 3
            assert as_expected(recorded(second.uri))
    assert nothing_waits(home)


def test_a_killed_runner_leaves_all_that_it_acknowledged_to_the_next_command(
    wire: Wire, server: RunningServer, home: Path, cli: Cli, project: Callable[[str], Path]
) -> None:
    run = Started(project(THROUGH_AN_OUTAGE), wire.uri)
    run.met("outage")
    wire.cut()
    run.go("outage")
    run.met("end")
    (printed,) = home.glob("live/*/stdout.txt")
    eventually(lambda: printed.stat().st_size)  # what lies in a pipe nobody has kept
    os.kill(run.process.pid, signal.SIGKILL)
    run.go("end")
    run.ended()
    wire.mend()

    sent = cli("runs", "--tracking-uri", wire.uri, "sync")

    assert "sent, and marked failed" in sent.out
    found = recorded(server.uri)
    found.pop("tags")
    assert found == {
        **EXPECTED,
        "files": EXPECTED["files"] - {"runner/record.json", "runner/provenance.json"},
    }
    assert newest(server.uri).ended is not None
    assert nothing_waits(home)
    assert cli("runs", "--tracking-uri", wire.uri, "sync").err == "nothing waits\n"


def test_when_patience_ends_the_records_stay_for_the_next_command(
    wire: Wire, server: RunningServer, home: Path, cli: Cli, project: Callable[[str], Path]
) -> None:
    run = Started(project(THROUGH_AN_OUTAGE), wire.uri, RUNNER_SPOOL_SECONDS="1")
    run.met("outage")
    wire.cut()
    run.go("outage")
    run.met("end")
    run.go("end")

    code, _, err = run.ended()

    assert code == 3  # the program's
    assert f"are not on the server {wire.uri} yet: the tracking server at {wire.uri} does not answer" in err
    assert "runner runs sync" in err
    (spool,) = (home / "spool").iterdir()
    assert spool.stat().st_mode & 0o777 == 0o700
    assert (spool / "records.jsonl").stat().st_mode & 0o777 == 0o600
    wire.mend()
    assert cli("runs", "--tracking-uri", wire.uri, "list").code == 0
    assert as_expected(recorded(server.uri))
    assert nothing_waits(home)


def test_what_the_server_refuses_is_kept_aside_and_told(
    wire: Wire, server: RunningServer, home: Path, cli: Cli, project: Callable[[str], Path]
) -> None:
    run = Started(
        project("""
            meet("deleted")
            metrics(0, 3)
            meet("end")
        """),
        wire.uri,
    )
    run.met("deleted")
    with opened(server.uri) as store:
        store.delete_run(store.run("-1").id)
    run.go("deleted")
    run.met("end")
    run.go("end")

    code, _, err = run.ended()

    assert code == 0
    assert f"the server {wire.uri} refuses" in err
    listed = cli("runs", "--tracking-uri", wire.uri, "sync")
    assert "refused: runs/log-batch of run" in listed.out
    assert "(loss)" in listed.out
    assert "is deleted" in listed.out
    assert cli("runs", "--tracking-uri", wire.uri, "sync", "--forget").code == 0
    assert nothing_waits(home)


def test_a_run_whose_creation_was_answered_to_nobody_is_made_once(
    wire: Wire, server: RunningServer, cli: Cli, files: Files
) -> None:
    wire.lose = b"runs/create"

    outcome = cli(
        "run", files({"MLproject": "entry_points: {main: {command: 'true'}}"}), "--tracking-uri", wire.uri,
        "--run-name", "only", "-q"
    )  # fmt: skip

    assert (outcome.code, wire.lost) == (0, 1), outcome.err
    with opened(server.uri) as store:
        assert len(store.search_runs(filter="attributes.run_name = 'only'").items) == 1


def test_a_run_inside_a_run_goes_the_same_way(
    server: RunningServer, home: Path, cli: Cli, files: Files
) -> None:
    demo = files(
        {
            "MLproject": f"""
                entry_points:
                  main: {{command: "{sys.executable} -m runner run -q -e inner ."}}
                  inner: {{command: "echo inner"}}
            """
        }
    )

    outcome = cli("run", demo, "--tracking-uri", server.uri, "-q")

    assert (outcome.code, outcome.out) == (0, "inner\n"), outcome.err
    with opened(server.uri) as store:
        inner, outer = store.search_runs(limit=2).items
        assert inner.tags["mlflow.parentRunId"] == outer.id
        assert inner.status.value == outer.status.value == "FINISHED"
        assert store.artifacts(inner.artifact_uri).read("logs/stdout.txt") == b"inner\n"
    assert nothing_waits(home)


def test_a_program_stays_in_the_experiment_of_its_run(server: RunningServer, cli: Cli, files: Files) -> None:
    code = """
        import mlflow
        mlflow.set_experiment("elsewhere")
        mlflow.log_metric("loss", 1)
        mlflow.log_text("kept", "a/note.txt")
        with mlflow.start_run(nested=True) as child:
            mlflow.log_param("x", 1)
        print(mlflow.artifacts.load_text(f"runs:/{mlflow.active_run().info.run_id}/a/note.txt"))
        print(len(mlflow.MlflowClient().get_metric_history(mlflow.active_run().info.run_id, "loss")))
    """
    demo = files({"MLproject": PROJECT, "train.py": code})

    outcome = cli("run", demo, "--tracking-uri", server.uri, "-q", "-P", "alpha=1")

    assert (outcome.code, outcome.out) == (0, "kept\n1\n"), outcome.err
    with opened(server.uri) as store:
        child, run = store.search_runs(limit=2).items
        assert (run.experiment_id, run.tags["runner.experiment.asked"]) == ("0", "elsewhere")
        assert (child.tags["mlflow.parentRunId"], child.params) == (run.id, {"x": "1"})


def test_credentials_reach_the_server_and_nobody_else(
    server: RunningServer, home: Path, cli: Cli, files: Files
) -> None:
    demo = files({"MLproject": "entry_points: {main: {command: env}}"})
    address = server.uri.replace("http://", "http://ann:s3cr%21t@")

    outcome = cli("run", demo, "--tracking-uri", address, "--keep")

    assert outcome.code == 0, outcome.err
    for text in (outcome.out, outcome.err, cli("runs", "--tracking-uri", address, "show", "-1").out):
        assert "s3cr" not in text
    with opened(server.uri) as store:
        artifacts = store.artifacts(store.run("-1").artifact_uri)
        assert not [item.path for item in artifacts.list() if b"s3cr" in artifacts.read(item.path)]


@pytest.mark.slow
@pytest.mark.parametrize(
    "version", [CURRENT, pytest.param("2.22", marks=[pytest.mark.network, pytest.mark.nightly])]
)
def test_a_plain_mlflow_server_takes_a_run_through_an_outage(
    tmp_path: Path, home: Path, cli: Cli, project: Callable[[str], Path], version: str
) -> None:
    with mlflow_server(version, tmp_path / "mlflow") as uri, wired(uri) as wire:
        run = Started(project(THROUGH_AN_OUTAGE), wire.uri)
        run.met("outage")
        wire.cut()
        run.go("outage")
        run.met("end")
        run.go("end")
        wire.mend()

        code, _, err = run.ended()

        assert code == 3, err
        assert as_expected(recorded(uri))
        assert nothing_waits(home)
        assert "loss" in cli("runs", "--tracking-uri", uri, "list").out
        assert "read [" in cli("runs", "--tracking-uri", uri, "logs", "-1").out
        assert "during = 2" in cli("runs", "--tracking-uri", uri, "show", "-1").out
        assert cli("runs", "--tracking-uri", uri, "delete", "-1").code == 0
        assert cli("runs", "--tracking-uri", uri, "list").err.endswith("no runs\n")
        assert "Default" in cli("experiments", "--tracking-uri", uri, "list").out
        assert cli("experiments", "--tracking-uri", uri, "create", "mine").code == 0


def test_a_run_elsewhere_is_followed_while_it_goes_on(
    server: RunningServer, home: Path, tmp_path: Path, project: Callable[[str], Path]
) -> None:
    run = Started(project('print("first", flush=True)\nmeet("end")\nprint("last")'), server.uri)
    run.met("end")
    following = subprocess.Popen(
        [sys.executable, "-m", "runner", "runs", "--tracking-uri", server.uri, "logs", "-f", "-1"],
        env={**os.environ, "RUNNER_HOME": str(tmp_path / "elsewhere")},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert following.stdout is not None

    assert following.stdout.readline() == "first\n"  # while the program goes on
    assert run.process.poll() is None
    run.go("end")
    assert run.ended()[0] == 0
    assert following.communicate(timeout=30)[0] == "last\n"
