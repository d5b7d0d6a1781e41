import json
import os
from pathlib import Path

import pytest

from runner.cli.env.texts import size
from runner.environments.cache import MARKER
from runner.settings import read_size
from tests.conftest import Cli
from tests.environments.wheels import Workshop, index, uv_cache, workshop

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
    assert dry.out.splitlines()[1].startswith("would remove 1 environments")
    assert Path(old.path).exists()

    assert "removed 1 environments" in cli("env", "gc").out
    assert not Path(old.path).exists()


def test_collecting_down_to_a_size(cli: Cli, workshop: Workshop) -> None:
    workshop.build("alpha")

    assert "removed 0 environments" in cli("env", "gc", "--max-size", "1GB").out
    assert "removed 1 environments" in cli("env", "gc", "--max-size", "0").out


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
