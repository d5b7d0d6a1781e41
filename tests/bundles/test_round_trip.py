"""A run into a file and out of it: nothing is lost, nothing is added, and the file is always the same."""

import json
import math
from contextlib import closing
from pathlib import Path

import pytest

from runner.bundles import bringing
from runner.bundles.reading import opened, opened_bundle
from runner.errors import RunnerError
from runner.progress import Progress
from runner.settings import Settings
from runner.tracking import open_store
from tests.bundles.conftest import Exported
from tests.conftest import Cli


def test_the_run_in_a_bundle_is_the_run_that_was_recorded(exported: Exported) -> None:
    settings = exported.settings
    with closing(open_store(settings)) as store, opened(exported.file, settings) as recorded:
        known = store.run(exported.run)

        assert (recorded.run.id, recorded.run.name, recorded.run.status) == (
            known.id,
            known.name,
            known.status,
        )
        assert (recorded.run.params, recorded.run.tags) == (known.params, known.tags)
        assert (recorded.run.started, recorded.run.ended, recorded.run.user) == (
            known.started,
            known.ended,
            known.user,
        )
        assert recorded.experiment == "first"
        assert same(recorded.history("loss"), store.metric_history(known.id, "loss"))
        assert [metric.step for metric in recorded.history("loss")] == [-1, 0, 1, 2, 3, 4, 5, 6]
        theirs = store.artifacts(known.artifact_uri)
        assert recorded.artifacts.list() == theirs.list()
        for item in theirs.list():
            assert recorded.artifacts.read(item.path) == theirs.read(item.path)


def same(some: object, others: object) -> bool:
    """NaN is itself here."""
    return repr(some) == repr(others)


def test_two_exports_of_a_run_are_the_same_to_the_last_byte(
    cli: Cli, exported: Exported, tmp_path: Path
) -> None:
    cli("export", exported.run, tmp_path / "again.zip")

    assert (tmp_path / "again.zip").read_bytes() == exported.file.read_bytes()


def test_an_imported_run_has_its_id_its_experiment_and_whole_histories(
    cli: Cli, exported: Exported, elsewhere: Path
) -> None:
    outcome = cli("import", exported.file, "--json", "-q")

    found = json.loads(outcome.out)
    assert (found["run_id"], found["experiment"], found["outcome"]) == (exported.run, "first", "came")
    shown = json.loads(cli("runs", "show", exported.run, "--json").out)
    assert shown["params"] == {"data": str(exported.data), "alpha": "0.5"}
    assert shown["tags"]["runner.imported_from"].startswith("run.zip sha256:")
    assert shown["tags"]["team"] == "ü"
    here = Settings.from_environ({"RUNNER_HOME": str(elsewhere)})
    with closing(open_store(exported.settings)) as old, closing(open_store(here)) as new:
        assert same(new.metric_history(exported.run, "loss"), old.metric_history(exported.run, "loss"))
        assert math.isnan(new.metric_history(exported.run, "loss")[-2].value)
        before, after = (store.artifacts(store.run(exported.run).artifact_uri) for store in (old, new))
        assert before.uri != after.uri
        assert after.list() == before.list()
        assert after.read("model ä.txt") == before.read("model ä.txt") == b"weights 0.51,2\n"
    assert cli("verify", exported.run).code == 0


def test_a_second_import_says_that_the_run_is_there(cli: Cli, exported: Exported, elsewhere: Path) -> None:
    cli("import", exported.file)

    again = cli("import", exported.file)

    assert again.code == 0
    assert "it was here already" in again.err
    assert len(json.loads(cli("runs", "list", "--json").out)) == 1


def test_an_import_into_the_store_where_the_run_is_changes_nothing(cli: Cli, exported: Exported) -> None:
    before = cli("runs", "show", exported.run, "--json").out

    outcome = cli("import", exported.file)

    assert "it was here already" in outcome.err
    assert cli("runs", "show", exported.run, "--json").out == before


def test_an_import_that_broke_off_between_two_files_is_finished_by_the_next(
    cli: Cli, exported: Exported, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = bringing.BundleHolding.artifacts
    with monkeypatch.context() as broken:
        broken.setattr(bringing.BundleHolding, "artifacts", _breaking)
        with pytest.raises(KeyboardInterrupt):
            _bring(exported.file, elsewhere)
    assert bringing.BundleHolding.artifacts is read

    outcome = cli("import", exported.file, "--json")

    assert json.loads(outcome.out)["files"] > 0
    assert cli("verify", exported.run).out.startswith("good")


def _breaking(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def _bring(file: Path, home: Path) -> None:
    settings = Settings.from_environ({"RUNNER_HOME": str(home)})
    with Progress().phase("import") as phase, opened_bundle(file) as bundle:
        bringing.bring(bundle, settings=settings, phase=phase)


def test_another_run_with_the_same_id_is_not_touched(cli: Cli, exported: Exported, elsewhere: Path) -> None:
    settings = Settings.from_environ({"RUNNER_HOME": str(elsewhere)})
    cli("import", exported.file)
    with closing(open_store(settings)) as store:
        store.log(exported.run, tags={"runner.plan": "sha256:" + "0" * 64})

    outcome = cli("import", exported.file)

    assert outcome.code == 7
    assert "another run has the id" in outcome.err


def test_a_bundle_cannot_be_written_to(exported: Exported) -> None:
    with opened(exported.file, exported.settings) as recorded:
        assert recorded.tag is None
        with pytest.raises(RunnerError, match="is a bundle"):
            recorded.artifacts.put_bytes(b"", "x")
