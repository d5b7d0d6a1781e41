"""`runner import mlflow` and `runner export mlflow`, on stores that are written here by hand, well or ill meant."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Cli

RUN = "a" * 32
META = "artifact_uri: file:///elsewhere/{run}\nend_time: 2000\nexperiment_id: '7'\nlifecycle_stage: active\nrun_id: {run}\nrun_name: first\nstart_time: 1000\nstatus: 3\nuser_id: ann\n"
FILES = {
    "0/meta.yaml": "experiment_id: '0'\nname: Default\nlifecycle_stage: active\n",
    "7/meta.yaml": "experiment_id: '7'\nname: churn\nlifecycle_stage: active\ncreation_time: 500\nlast_update_time: 600\n",
    "7/tags/team": "a",
    f"7/{RUN}/meta.yaml": META.format(run=RUN),
    f"7/{RUN}/params/alpha": "0.1",
    f"7/{RUN}/metrics/val/loss": "1100 0.5 1\n1200 nan 2\n",
    f"7/{RUN}/tags/deep/er": "x",
    f"7/{RUN}/artifacts/a/b.txt": "text",
}
Write = Callable[..., Path]


@pytest.fixture
def mlruns(tmp_path: Path) -> Write:
    """A store in files, with these beside the usual ones."""

    def write(more: Mapping[str, str] = {}) -> Path:
        for name, content in {**FILES, **more}.items():
            path = tmp_path / "mlruns" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
        return tmp_path / "mlruns"

    return write


def imported(cli: Cli, place: Path, *options: str) -> dict[str, Any]:
    done = cli("import", "mlflow", place, "--json", *options)
    assert done.code == 0, done.err
    found: dict[str, Any] = json.loads(done.out)
    return found


def left(report: Mapping[str, Any]) -> str:
    return "\n".join(f"{item['what']}: {item['why']}" for item in report["left_out"])


def test_a_run_keeps_its_id_times_and_points(mlruns: Write, cli: Cli) -> None:
    report = imported(cli, mlruns())

    run = json.loads(cli("runs", "show", RUN, "--json").out)
    assert not report["left_out"]
    assert report["counts"]["runs"] == {"came": 1, "continued": 0, "there": 0}
    assert (run["run_id"], run["status"], run["start_time"], run["end_time"]) == (RUN, "FINISHED", 1000, 2000)
    assert (run["params"], run["tags"]["deep/er"]) == ({"alpha": "0.1"}, "x")


def test_a_second_import_changes_nothing(mlruns: Write, cli: Cli) -> None:
    imported(cli, mlruns())

    report = imported(cli, mlruns())

    assert {kind: counts["there"] for kind, counts in report["counts"].items() if counts["there"]} == {
        "experiments": 2, "runs": 1, "files": 1,
    }  # fmt: skip
    assert not [kind for kind, counts in report["counts"].items() if counts["came"] or counts["continued"]]


def test_a_run_that_went_on_meanwhile_is_continued(mlruns: Write, cli: Cli) -> None:
    running = (
        META.format(run=RUN).replace("status: 3", "status: 1").replace("end_time: 2000", "end_time: null")
    )
    imported(cli, mlruns({f"7/{RUN}/meta.yaml": running}))

    report = imported(cli, mlruns({f"7/{RUN}/params/late": "1"}))

    run = json.loads(cli("runs", "show", RUN, "--json").out)
    assert report["counts"]["runs"]["continued"] == 1
    assert (run["status"], run["params"]) == ("FINISHED", {"alpha": "0.1", "late": "1"})


def test_only_what_is_asked_for_comes(mlruns: Write, cli: Cli) -> None:
    report = imported(cli, mlruns(), "--experiment", "churn", "--no-artifacts")

    assert report["counts"]["experiments"]["came"] == 1
    assert report["counts"]["files"] == {"came": 0, "continued": 0, "there": 0}


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        (f"7/{RUN}/meta.yaml", "a: [", "a value is missing"),
        (f"7/{RUN}/meta.yaml", "- a\n", "is no mapping"),
        (f"7/{RUN}/meta.yaml", "status: 99\n", "is no status"),
        (f"7/{RUN}/meta.yaml", "status: !!python/object/apply:os.system [ls]\n", "tag"),
        (f"7/{RUN}/meta.yaml", "a: &a [x, x]\nb: &b [*a, *a]\n" + "".join(f"c{n}: &c{n} [{', '.join(['*b'] * 99)}]\n" for n in range(200)), "more than"),
        (f"7/{RUN}/meta.yaml", "[" * 5000, "nested"),
        (f"7/{RUN}/meta.yaml", "x" * 2_000_000, "larger"),
        (f"7/{RUN}/metrics/loss", "now 1 1\n", "invalid literal"),
        (f"7/{RUN}/metrics/loss", "1 1 99999999999999999999\n", "out of range"),
        (f"7/{RUN}/metrics/loss", f"1 1 {'9' * 4090}\n", "out of range"),
        (f"7/{RUN}/params/a@b", "1", "is no param name"),
        (f"7/{RUN}/params/long", "x" * 7000, "7000 characters"),
        (f"7/{RUN}/inputs/x/meta.yaml", "source_type: DATASET\nsource_id: ../../../x\n", "is no artifact path"),
        ("models/a%b/meta.yaml", "name: a%b\n", "is no name"),
        ("models/clf/meta.yaml", "name: clf\naliases: {}\n", ""),
    ],
)  # fmt: skip
def test_what_is_broken_is_left_out_and_told(
    name: str, content: str, why: str, mlruns: Write, cli: Cli
) -> None:
    report = imported(cli, mlruns({name: content}))

    assert why in left(report)
    assert report["counts"]["experiments"]["came"] == 1


def test_links_out_of_the_directory_are_not_followed(mlruns: Write, cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "meta.yaml").write_text(META.format(run="b" * 32))
    (tmp_path / "secret" / "key").write_text("secret")
    root = mlruns()
    (root / "7" / RUN / "params" / "key").symlink_to(tmp_path / "secret" / "key")
    (root / "7" / RUN / "artifacts" / "key").symlink_to(tmp_path / "secret" / "key")
    (root / "7" / ("b" * 32)).symlink_to(tmp_path / "secret")

    report = imported(cli, root)

    run = json.loads(cli("runs", "show", RUN, "--json").out)
    assert run["params"] == {"alpha": "0.1"}
    assert report["counts"]["runs"]["came"] == 1
    assert left(report).count("leads out of") >= 2
    assert report["bytes"] == len("text")


def test_files_elsewhere_are_read_only_where_the_person_says(mlruns: Write, cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "note").write_text("kept")
    other = "b" * 32
    meta = META.format(run=other).replace("file:///elsewhere", tmp_path.joinpath("elsewhere").as_uri())
    root = mlruns({f"7/{other}/meta.yaml": meta.replace(f"/{other}\n", "\n", 1)})

    without, named = imported(cli, root), imported(cli, root, "--artifacts", str(tmp_path / "elsewhere"))

    assert f"files of run {other}" in left(without)
    assert (without["bytes"], named["bytes"], left(named)) == (len("text"), len("kept"), "")


@pytest.mark.parametrize(
    ("place", "said"),
    [("nowhere", "there is no directory"), ("sqlite:///nowhere.db", "there is no database"), ("mysql+x://h/d", "no driver")],
)  # fmt: skip
def test_a_store_that_is_none_is_told(place: str, said: str, cli: Cli) -> None:
    done = cli("import", "mlflow", place)

    assert done.code != 0
    assert said in done.err


def test_what_moved_out_moves_in_again(
    mlruns: Write, cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    imported(cli, mlruns())
    before = json.loads(cli("runs", "show", RUN, "--json").out)

    out = [json.loads(cli("export", "mlflow", tmp_path / "out", "--json").out) for _ in range(2)]
    monkeypatch.setenv("RUNNER_HOME", str(tmp_path / "other"))
    report = imported(cli, tmp_path / "out")

    after = json.loads(cli("runs", "show", RUN, "--json").out)
    assert [one["counts"]["runs"]["came"] for one in out] == [1, 0]
    assert not report["left_out"]
    differing = {key for key in before if before[key] != after.get(key)}
    assert differing <= {"artifact_uri", "experiment_id"}


def test_a_database_is_not_exported_to(cli: Cli) -> None:
    done = cli("export", "mlflow", "sqlite:///mlflow.db")

    assert done.code == 2
    assert "not written to" in done.err
