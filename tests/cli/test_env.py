import json
import os
from pathlib import Path

import pytest

from runner.cli.env.texts import size
from runner.environments.cache import MARKER
from runner.settings import read_size
from tests.conftest import Cli, Files
from tests.environments.wheels import Index, Workshop, index, uv_cache, workshop

__all__ = ["index", "uv_cache", "workshop"]


def test_environments_are_listed(cli: Cli, workshop: Workshop) -> None:
    environment = workshop.build("alpha")
    assert environment.key

    header, row = (line.split("\t") for line in cli("env", "list").out.splitlines())

    assert header == ["KEY", "KIND", "PYTHON", "PACKAGES", "SIZE", "CREATED", "LAST USED"]
    assert environment.interpreter
    assert row[:4] == [environment.key[:12], "virtualenv", environment.interpreter.version, "2"]


def test_an_empty_list_has_only_its_header(cli: Cli) -> None:
    assert len(cli("env", "list").out.splitlines()) == 1
    assert json.loads(cli("env", "list", "--json").out) == []


def test_the_list_can_be_had_as_json(cli: Cli, workshop: Workshop) -> None:
    environment = workshop.build("alpha")

    (entry,) = json.loads(cli("env", "list", "--json").out)

    assert entry["key"] == environment.key
    assert entry["packages"] == {"alpha": "1.0", "beta": "2.0"}


def test_one_is_shown_by_the_beginning_of_its_key(cli: Cli, workshop: Workshop) -> None:
    environment = workshop.build("alpha")
    assert environment.key

    shown = cli("env", "show", environment.key[:8]).out

    assert f"key      {environment.key}" in shown
    assert "  alpha 1.0\n  beta 2.0\n" in shown
    assert json.loads(cli("env", "show", environment.key[:8], "--json").out)["lock"].startswith("sha256:")


def test_one_that_does_not_exist_is_an_error_with_a_hint(cli: Cli) -> None:
    outcome = cli("env", "show", "0123456789")

    assert outcome.code == 2
    assert "no environments begin with '0123456789'" in outcome.err
    assert "runner env list" in outcome.err


def test_several_are_removed_each_once(cli: Cli, workshop: Workshop) -> None:
    first, second = workshop.build("alpha").key, workshop.build("beta").key
    assert first
    assert second

    outcome = cli("env", "remove", first, second[:10], first[:12])

    assert outcome.out.splitlines() == [f"removed {first}", f"removed {second}"]
    assert json.loads(cli("env", "list", "--json").out) == []


def test_one_wrong_key_removes_nothing(cli: Cli, workshop: Workshop) -> None:
    key = workshop.build("alpha").key
    assert key

    assert cli("env", "remove", key, "wrong").code == 2
    assert len(json.loads(cli("env", "list", "--json").out)) == 1


def test_collecting_says_what_goes(cli: Cli, workshop: Workshop) -> None:
    old = workshop.build("alpha")
    workshop.build("beta")
    assert old.path
    assert old.key
    os.utime(old.path / MARKER, (0, 0))

    dry = cli("env", "gc", "--dry-run")
    assert dry.out.splitlines()[0].startswith(old.key[:12])
    assert dry.out.splitlines()[1].startswith("would remove 1 environment, ")
    assert Path(old.path).exists()

    assert "removed 1 environment, " in cli("env", "gc").out
    assert not Path(old.path).exists()


def test_collecting_down_to_a_size(cli: Cli, workshop: Workshop) -> None:
    workshop.build("alpha")

    assert "removed 0 environments" in cli("env", "gc", "--max-size", "1GB").out
    assert "removed 1 environment, " in cli("env", "gc", "--max-size", "0").out


def test_what_is_collected_and_removed_can_be_had_as_json(cli: Cli, workshop: Workshop) -> None:
    old, young = workshop.build("alpha"), workshop.build("beta")
    assert old.path
    assert young.key
    os.utime(old.path / MARKER, (0, 0))

    dry = json.loads(cli("env", "gc", "--dry-run", "--json").out)
    done = json.loads(cli("env", "gc", "--json").out)
    removed = json.loads(cli("env", "remove", young.key, "--json").out)

    assert dry == {**done, "dry_run": True}
    assert [item["key"] for item in done["environments"]] == [old.key]
    assert done["bytes"] > 0
    assert (done["packages"], done["leftovers"], done["images"], done["containers"]) == ([], [], [], 0)
    assert [item["key"] for item in removed] == [young.key]


def test_a_size_that_is_none_is_refused(cli: Cli) -> None:
    outcome = cli("env", "gc", "--max-size", "much")

    assert outcome.code == 2
    assert "'much' is no size" in outcome.err


@pytest.mark.parametrize(
    ("text", "count"), [("10", 10), ("1.5kB", 1500), ("10GB", 10**10), ("2 GiB", 2 * 10**9), ("1t", 10**12)]
)
def test_sizes_are_read(text: str, count: int) -> None:
    assert read_size(text) == count


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 B"), (999, "999 B"), (1500, "1.5 kB"), (2 * 10**9, "2.0 GB"), (10**13, "10.0 TB")],
)
def test_sizes_are_written(count: int, text: str) -> None:
    assert size(count) == text


def test_gc_frees_git_mirrors_too(cli: Cli, home: Path) -> None:
    mirror = home / "cache" / "git" / "0123" / "mirror.git"
    mirror.mkdir(parents=True)
    (mirror / "pack").write_bytes(b"x" * 100_000)
    os.utime(mirror.parent, (0, 0))

    dry, real = cli("env", "gc", "--dry-run"), cli("env", "gc")

    assert " kB of Git mirrors" in dry.out
    assert "removed" in real.out
    assert not mirror.exists()


PROJECT = {
    "MLproject": "python_env: python_env.yaml\nentry_points: {main: {parameters: {a: float}, command: 'python show.py {a}'}}",
    "show.py": "import beta; print(beta.version)",
}


def python_env(*requirements: str) -> dict[str, str]:
    return {**PROJECT, "python_env.yaml": json.dumps({"dependencies": list(requirements)})}


def test_a_project_is_explained_without_values_for_its_parameters(
    cli: Cli, files: Files, index: Index
) -> None:
    outcome = cli("env", "explain", files(python_env("alpha")))

    assert outcome.code == 0, outcome.err
    assert "not in the cache: a run builds it" in outcome.out
    assert "resolved now, 2 packages for Python" in outcome.out
    assert json.loads(cli("env", "list", "--json").out) == []


def test_what_changed_since_the_last_run_is_shown_with_what_it_cost(
    cli: Cli, files: Files, index: Index
) -> None:
    demo = files(python_env("alpha", "beta<2"))
    ran = cli("run", demo, "-P", "a=1")
    assert ran.code == 0, ran.err
    assert "in the cache: a run reuses it" in cli("env", "explain", demo).out
    (demo / "python_env.yaml").write_text(json.dumps({"dependencies": ["alpha"]}))

    outcome = cli("env", "explain", demo)
    shown = json.loads(cli("env", "explain", demo, "--json").out)

    assert "* beta            1.0 -> 2.0\n" in outcome.out
    assert "its build    took create 0." in outcome.out
    assert shown["state"] == "missing"
    assert shown["lock"]["origin"] == "cached"
    assert shown["nearest"]["packages"] == [{"name": "beta", "there": "1.0", "here": "2.0"}]
    assert [item["name"] for item in shown["nearest"]["inputs"]] == ["lock"]


def test_a_project_is_compared_with_a_run_also_when_its_environment_is_gone(
    cli: Cli, files: Files, index: Index
) -> None:
    demo = files(python_env("beta<2"))
    cli("run", demo, "-P", "a=1")
    (demo / "python_env.yaml").write_text(json.dumps({"dependencies": ["beta"]}))
    kept = json.loads(cli("env", "explain", demo, "--run", "-1", "--json").out)["nearest"]
    key = json.loads(cli("env", "list", "--json").out)[0]["key"]
    cli("env", "remove", key)

    gone = json.loads(cli("env", "explain", demo, "--run", "-1", "--json").out)["nearest"]

    assert kept["key"] == gone["key"] == key
    assert kept["packages"] == gone["packages"] == [{"name": "beta", "there": "1.0", "here": "2.0"}]
    assert "compared     with run -1" in cli("env", "explain", demo, "--run", "-1").out


def test_a_run_without_a_lock_cannot_be_compared_with(cli: Cli, files: Files, index: Index) -> None:
    cli("run", files({"MLproject": "entry_points: {main: {command: 'true'}}"}))

    outcome = cli("env", "explain", files(python_env("beta")), "--run", "-1")

    assert outcome.code == 2
    assert "has recorded no lock" in outcome.err


def test_a_project_in_the_callers_environment_is_explained(cli: Cli, files: Files, index: Index) -> None:
    outcome = cli("env", "explain", files(python_env("alpha")), "--env-manager", "local")

    assert outcome.out == "environment  the caller's own: nothing is built\n"


def test_what_differs_is_listed_and_is_the_exit_code(
    cli: Cli, workshop: Workshop, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv"))
    sound, other = workshop.build("gamma"), workshop.build("alpha")
    assert sound.key
    assert other.path
    assert cli("env", "verify").code == 0
    (file,) = other.path.glob("lib/*/site-packages/alpha/__init__.py")
    file.unlink()

    outcome = cli("env", "verify")
    as_json = json.loads(cli("env", "verify", "--json").out)

    assert outcome.code == 3
    assert f"  missing  {file.relative_to(other.path)}\n" in outcome.out
    assert {item["key"]: item["sound"] for item in as_json} == {sound.key: True, other.key: False}
    assert cli("env", "verify", sound.key).code == 0


def test_what_differs_is_removed_on_demand_and_built_anew(
    cli: Cli, workshop: Workshop, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv"))
    environment = workshop.build("beta")
    assert environment.path
    (file,) = environment.path.glob("lib/*/site-packages/beta/__init__.py")
    with file.open("a") as stream:
        stream.write("# mine")

    outcome = cli("env", "verify", "--repair")

    assert outcome.code == 0, outcome.err
    assert "changed in the package cache as well: beta" in outcome.out
    assert f"removed {environment.key}" in outcome.out
    workshop.build("beta")
    assert "mine" not in file.read_text()


def moved(monkeypatch: pytest.MonkeyPatch, place: Path) -> None:
    """Be on another machine: no environment, no lock, no package."""
    place.mkdir()
    for name, directory in {"RUNNER_HOME": "home", "UV_CACHE_DIR": "uv", "UV_FIND_LINKS": "none"}.items():
        monkeypatch.setenv(name, str(place / directory))
    monkeypatch.setenv("RUNNER_OFFLINE", "1")


def test_an_exported_environment_runs_its_project_offline_on_another_machine(
    cli: Cli, files: Files, index: Index, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    demo, file = files(python_env("alpha")), tmp_path / "environment.zip"
    exported = cli("env", "export", demo, file)
    assert exported.code == 0, exported.err
    moved(monkeypatch, tmp_path / "elsewhere")
    assert cli("run", demo, "-P", "a=1").code == 3

    imported = cli("env", "import", file)
    outcome = cli("run", demo, "-P", "a=1")

    assert imported.code == 0, imported.err
    assert "imported, 2 packages" in imported.out
    assert outcome.out == "2.0\n", outcome.err
    assert "cached" in outcome.err
    assert "was there already" in cli("env", "import", file).out


def test_an_environment_is_exported_by_its_key_as_well(
    cli: Cli, files: Files, index: Index, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    demo, file = files(python_env("alpha")), tmp_path / "environment.zip"
    cli("run", demo, "-P", "a=1")
    key = json.loads(cli("env", "list", "--json").out)[0]["key"]

    exported = cli("env", "export", key[:8], file, "--json")
    moved(monkeypatch, tmp_path / "elsewhere")
    imported = cli("env", "import", file, "--json")

    assert exported.err == ""
    told = json.loads(exported.out)
    assert (told["file"], told["bytes"], told["lock"]) == (str(file), file.stat().st_size, True)
    assert told["environment"]["key"] == key
    assert json.loads(imported.out)["imported"] is True
    assert json.loads(imported.out)["key"] == key
    assert cli("run", demo, "-P", "a=1").out == "2.0\n"
    assert "imported " in cli("env", "show", key[:8]).out


def test_an_environment_whose_lock_is_forgotten_is_exported_with_a_warning(
    cli: Cli, files: Files, index: Index, home: Path, tmp_path: Path
) -> None:
    cli("run", files(python_env("alpha")), "-P", "a=1")
    for path in (home / "cache/locks").glob("*.json"):
        path.unlink()
    key = json.loads(cli("env", "list", "--json").out)[0]["key"]

    outcome = cli("env", "export", key, tmp_path / "environment.zip")

    assert outcome.code == 0
    assert "only a project that ships its lock will find it" in outcome.err


def test_a_project_without_an_environment_of_its_own_is_not_exported(
    cli: Cli, files: Files, tmp_path: Path
) -> None:
    demo = files({"MLproject": "entry_points: {main: {command: 'true'}}"})

    outcome = cli("env", "export", demo, tmp_path / "environment.zip", "--env-manager", "local")

    assert outcome.code == 2
    assert "there is nothing to export" in outcome.err


def test_the_cache_is_kept_below_its_limit(
    cli: Cli, files: Files, index: Index, monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    monkeypatch.setenv("RUNNER_CACHE_LIMIT", "1kB")
    for name in ("alpha", "beta"):
        assert cli("run", files(python_env("beta", name)), "-P", "a=1").code == 0
        for marker in (home / "cache/envs").glob(f"*/{MARKER}"):
            os.utime(marker, (0, 0))

    found = json.loads(cli("env", "list", "--json").out)

    assert [item["packages"] for item in found] == [{"beta": "2.0"}]


def test_what_was_just_used_stays_also_above_the_limit(
    cli: Cli, files: Files, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNNER_CACHE_LIMIT", "1kB")
    for name in ("alpha", "beta"):
        cli("run", files(python_env("beta", name)), "-P", "a=1")

    assert len(json.loads(cli("env", "list", "--json").out)) == 2


def test_a_limit_that_is_no_size_is_refused(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNNER_CACHE_LIMIT", "much")

    outcome = cli("env", "list")

    assert outcome.code == 2
    assert "RUNNER_CACHE_LIMIT='much' is no size" in outcome.err
