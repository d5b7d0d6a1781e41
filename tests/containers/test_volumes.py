"""Volumes as people write them, against what the shell and docker made of them under MLflow."""

import os
from pathlib import Path

import pytest

from runner.containers.volumes import volume
from runner.errors import RunnerError

ENVIRON = {"HOME": "/home/ada", "DATA": "/srv/data"}


@pytest.mark.parametrize(
    ("written", "mounted"),
    [
        ("$(pwd)/data:/data", "{project}/data:/data"),
        ("$( pwd ):/work", "{project}:/work"),
        ("`pwd`:/work", "{project}:/work"),
        ("${PWD}:/work:rw", "{project}:/work:rw"),
        ("$PWD/data:/data", "{project}/data:/data"),
        ("%cd%:/work", "{project}:/work"),
        ("%cd%\\data:/data", "{project}/data:/data"),
        ("./data:/data", "{project}/data:/data"),
        ("sub/data:/data", "{project}/sub/data:/data"),
        ("named:/data", "named:/data"),
        ("/anonymous", "/anonymous"),
    ],
)
def test_a_volume_counts_from_the_project(
    written: str, mounted: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir("/")  # where the person is has no say

    found = volume(written, directory=tmp_path, environ=ENVIRON)

    assert str(found) == mounted.format(project=tmp_path)


def test_home_and_variables_are_the_persons(tmp_path: Path) -> None:
    environ = {"HOME": str(tmp_path), "DATA": str(tmp_path / "data")}

    assert str(volume("~/in:/in", directory=tmp_path, environ=environ)) == f"{tmp_path}/in:/in"
    assert str(volume("$DATA:/data:rw", directory=tmp_path, environ=environ)) == f"{tmp_path}/data:/data:rw"
    assert str(volume("${DATA}/x:/x", directory=tmp_path, environ=environ)) == f"{tmp_path}/data/x:/x"


def test_a_directory_that_is_to_be_written_is_made_and_one_that_is_to_be_read_is_not(tmp_path: Path) -> None:
    volume("out/deep:/out", directory=tmp_path, environ={})
    with pytest.raises(RunnerError, match=r"no file or directory .*/in"):
        volume("./in:/in:ro", directory=tmp_path, environ={})

    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert (tmp_path / "out/deep").stat().st_uid == os.getuid()


def test_what_stands_in_the_projects_directory_is_not_read_once_more(tmp_path: Path) -> None:
    odd = tmp_path / "a$HOME $(whoami) ~"
    odd.mkdir()

    found = volume("$(pwd)/data:/data", directory=odd, environ=ENVIRON)

    assert str(found) == f"{odd}/data:/data"


def test_nothing_is_made_where_a_volume_is_only_checked(tmp_path: Path) -> None:
    volume("./out:/out", directory=tmp_path, environ={}, make=False)

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("$(whoami):/x", "holds a command"),
        ("$NOWHERE/x:/x", "needs the variable NOWHERE"),
        ("/x:relative", "no absolute path"),
        ("/x:/y:ro:more", "too many colons"),
        ("named", "no absolute path"),
    ],
)
def test_what_is_no_volume_is_refused(written: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(RunnerError, match=message):
        volume(written, directory=tmp_path, environ=ENVIRON)
