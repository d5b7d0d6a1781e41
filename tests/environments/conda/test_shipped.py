"""Locks that a project ships: read, fitted to this machine, told apart from those that are out of date."""

import sys
import warnings
from dataclasses import replace
from pathlib import Path

import pytest

from runner.environments.conda import lockfile, shipped
from runner.environments.conda.packages import CondaLock
from runner.errors import EnvironmentFailed
from runner.process import capture
from runner.project import load
from runner.project.conda_locks import platform
from runner.project.model import CondaEnv
from tests.conftest import Files
from tests.environments.conda.test_lockfile import LOCK, MD5, PYTHON, SHA256, SIX, TEXT, TZDATA

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of what it brings along
    from conda_lock.conda_lock import render_lockfile_for_platform
    from conda_lock.lockfile import parse_conda_lock_file

pytestmark = pytest.mark.skipif(platform() != "linux-64", reason="the locks are for linux-64")

CONDA = "dependencies: [python=3.10, tzdata, {pip: [six]}]\n"
FOREIGN = TEXT.replace("    created_by: runner\n", "")
EXPLICIT = f"""\
# platform: linux-64
@EXPLICIT
{PYTHON.url}#{MD5}
{TZDATA.url}#sha256:{SHA256}
# pip six @ {SIX.url}#sha256={SHA256}
"""
PIXI_5 = f"""\
version: 5
environments:
  default:
    channels: [{{url: "https://host/main/"}}]
    packages:
      linux-64:
      - conda: {PYTHON.url}
      - conda: {TZDATA.url}
      - pypi: {SIX.url}
packages:
- {{kind: conda, name: python, version: '3.10', build: h1_4, subdir: linux-64, url: "{PYTHON.url}", sha256: '{SHA256}', depends: ["tzdata"]}}
- {{kind: conda, name: tzdata, version: 2025a, subdir: noarch, url: "{TZDATA.url}", md5: '{MD5}'}}
- {{kind: pypi, name: six, version: '1.10', url: "{SIX.url}", sha256: '{SHA256}'}}
"""
PIXI_6 = f"""\
version: 6
environments:
  default:
    channels: [{{url: "https://host/main/"}}]
    packages:
      linux-64:
      - conda: {PYTHON.url}
      - conda: {TZDATA.url}
      - pypi: {SIX.url}
  other:
    channels: []
    packages: {{}}
packages:
- {{conda: "{PYTHON.url}", sha256: '{SHA256}', depends: ["tzdata"]}}
- {{conda: "{TZDATA.url}", md5: '{MD5}'}}
- {{pypi: "{SIX.url}", name: six, version: '1.10', sha256: '{SHA256}'}}
"""
RATTLER = """
import os, sys
from rattler import LockFile
LockFile.from_path(sys.argv[1]).to_path(sys.argv[2])
os._exit(0)
"""


def own(directory: Path) -> CondaLock:
    """The lock that a project ships, as a run takes it."""
    spec = load(directory).environment
    assert isinstance(spec, CondaEnv)
    found = shipped.own(spec, directory)
    assert found
    return lockfile.read(found[0], name="the lock")


def urls(lock: CondaLock) -> list[str]:
    return sorted(package.url for packages in (lock.conda, lock.pip) for package in packages)


ALL = sorted([PYTHON.url, TZDATA.url, SIX.url])


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("conda-lock.yml", FOREIGN),
        ("conda.conda-lock.yml", FOREIGN),
        ("conda-linux-64.lock", EXPLICIT),
        ("conda-linux-64.lock", EXPLICIT.replace("# platform: linux-64\n", "")),
        ("pixi.lock", PIXI_5),
        ("pixi.lock", PIXI_6),
    ],
)
def test_a_lock_of_another_tool_is_taken_as_it_is(files: Files, name: str, text: str) -> None:
    lock = own(files({"conda.yaml": CONDA, name: text}))

    assert urls(lock) == ALL
    assert lock.python == "3.10"
    assert lock.only("linux-64") == lock


def test_explicit_lists_are_read_as_conda_lock_renders_them(files: Files, tmp_path: Path) -> None:
    path = tmp_path / "from.yml"
    path.write_text(TEXT)
    lines = render_lockfile_for_platform(
        lockfile=parse_conda_lock_file(path),
        kind="explicit",
        platform="linux-64",
        include_dev_dependencies=True,
        extras=None,
        suppress_warning_for_pip_and_explicit=True,
    )

    lock = own(files({"conda.yaml": CONDA, "conda-linux-64.lock": "\n".join(lines)}))

    assert urls(lock) == ALL


def test_the_pixi_lock_of_today_is_read_as_rattler_writes_it(files: Files, tmp_path: Path) -> None:
    source, target = tmp_path / "conda-lock.yml", tmp_path / "pixi.lock"
    source.write_text(TEXT)
    capture([sys.executable, "-c", RATTLER, source, target])

    assert urls(own(files({"conda.yaml": CONDA, "pixi.lock": target.read_text()}))) == ALL


def test_a_directory_in_a_pixi_lock_has_no_hash_to_be_checked(files: Files) -> None:
    text = PIXI_6.replace(SIX.url, "./lib").replace("name: six,", "name: six, editable: true,")

    (package,) = own(files({"conda.yaml": CONDA, "pixi.lock": text})).pip

    assert (package.url, package.sha256, package.pinned) == ("./lib#editable", None, False)


def test_a_lock_may_be_named_in_place_of_a_conda_file(files: Files) -> None:
    directory = files({"MLproject": "conda_env: conda-linux-64.lock\n", "conda-linux-64.lock": EXPLICIT})

    assert urls(own(directory)) == ALL


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("conda-lock.yml", FOREIGN.replace("linux-64", "osx-arm64"), "conda-lock.yml is for osx-arm64, not for linux-64"),
        ("conda-osx-64.lock", EXPLICIT.replace("linux-64", "osx-64"), "conda-osx-64.lock is for osx-64, not for linux-64"),
        ("pixi.lock", PIXI_6.replace("linux-64", "win-64"), "pixi.lock is for win-64, not for linux-64"),
    ],
)  # fmt: skip
def test_a_lock_for_other_machines_is_told(files: Files, name: str, text: str, said: str) -> None:
    with pytest.raises(EnvironmentFailed) as failure:
        own(files({"conda.yaml": CONDA, name: text}))

    assert str(failure.value) == said
    assert "--platform linux-64" in (failure.value.hint or "")


@pytest.mark.parametrize(
    ("conda", "lacks"),
    [
        ("dependencies: [python=3.10, 'numpy>=1']", "numpy of conda.yaml is not in it"),
        ("dependencies: [python, {pip: [Six, 'requests[a]>=2; python_version>\"3\"']}]", "requests"),
    ],
)
def test_what_a_lock_of_another_tool_lacks_is_told(files: Files, conda: str, lacks: str) -> None:
    with pytest.raises(EnvironmentFailed, match=r"conda-lock\.yml is out of date") as failure:
        own(files({"conda.yaml": conda, "conda-lock.yml": FOREIGN}))

    assert lacks in str(failure.value)


def test_a_lock_of_ours_is_out_of_date_when_the_conda_file_has_changed(files: Files) -> None:
    directory = files({"conda.yaml": CONDA})
    spec = load(directory).environment
    assert isinstance(spec, CondaEnv)
    digest = shipped.content_hash(spec, directory=directory, platform="linux-64")
    (directory / "conda-lock.yml").write_text(lockfile.write(replace(LOCK, content={"linux-64": digest})))

    assert urls(own(directory)) == ALL
    (directory / "conda.yaml").write_text(CONDA.replace("tzdata", "'tzdata>=2025'"))
    with pytest.raises(EnvironmentFailed, match=r"out of date: conda\.yaml has changed since it was made"):
        own(directory)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (TEXT.partition("package:\n")[2], "  []\n"),
        (SHA256, "2e" * 32),
        ("category: main", "category: dev"),
        ("manager: pip", "manager: none"),
        ("    packages: ", "    other: "),
    ],
)
def test_a_lock_of_ours_that_somebody_has_edited_is_refused(files: Files, old: str, new: str) -> None:
    directory = files({"conda.yaml": CONDA})
    spec = load(directory).environment
    assert isinstance(spec, CondaEnv)
    digest = shipped.content_hash(spec, directory=directory, platform="linux-64")
    text = lockfile.write(replace(LOCK, content={"linux-64": digest}))
    file = directory / "conda-lock.yml"
    file.write_text(text)
    shipped.check(spec, directory=directory, file=file)
    assert old in text

    file.write_text(text.replace(old, new, 1))

    with pytest.raises(EnvironmentFailed, match="has been changed since `runner lock` made it"):
        own(directory)
    with pytest.raises(EnvironmentFailed, match="has been changed since `runner lock` made it"):
        shipped.check(spec, directory=directory, file=file)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("channels: [a, b]", "channels: [b, a]"),
        ("dependencies: [a]", "dependencies: [a=1]"),
        ("dependencies: [a, {pip: [x]}]", "dependencies: [a, {pip: [y]}]"),
    ],
)
def test_a_change_that_matters_makes_a_lock_out_of_date(files: Files, before: str, after: str) -> None:
    assert _digest(files, before) != _digest(files, after)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("dependencies: [a, b]", "name: x\nprefix: /home/me\ndependencies: [b, a]  # other order"),
        ("channels: ['https://me:old@host/c']", "channels: ['https://me:new@host/c']"),
        ("dependencies: [a]", "dependencies: [a]\nvariables: {A: b}"),
    ],
)
def test_a_change_that_does_not_matter_keeps_a_lock(files: Files, before: str, after: str) -> None:
    assert _digest(files, before) == _digest(files, after)


def _digest(files: Files, text: str) -> str:
    directory = files({"conda.yaml": text})
    spec = load(directory).environment
    assert isinstance(spec, CondaEnv)
    return shipped.content_hash(spec, directory=directory, platform="linux-64")


def test_what_a_requirements_file_says_counts(files: Files) -> None:
    directory = files({"conda.yaml": "dependencies: [a, {pip: [-r more.txt]}]", "more.txt": "x\n"})
    spec = load(directory).environment
    assert isinstance(spec, CondaEnv)
    before = shipped.content_hash(spec, directory=directory, platform="linux-64")

    (directory / "more.txt").write_text("x<2\n")

    assert shipped.content_hash(spec, directory=directory, platform="linux-64") != before


def test_paths_in_a_lock_count_from_where_it_lies(files: Files) -> None:
    local = replace(SIX, url="../lib#editable", sha256=None)
    text = lockfile.write(replace(LOCK, pip=(local,), made_here=False))
    directory = files(
        {
            "MLproject": "conda_env: env/conda.yaml\n",
            "env/conda.yaml": "dependencies: [python]",
            "env/conda-lock.yml": text,
            "lib/setup.py": "",
        }
    )

    (package,) = own(directory).pip

    assert package.url == "./lib#editable"
    assert not package.pinned


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (f"#{MD5}", "", "python-3.10-h1_4.conda has no hash"),
        (f"#{MD5}", "#nothing", "'nothing' is no md5"),
        (PYTHON.url, "https://host/x", "'https://host/x' is no URL of a conda package"),
        (PYTHON.url, "--file=/etc/passwd", "is no URL of a conda package"),
        (TZDATA.url, "https://host/main/osx-64/tzdata-2025a-h7_0.conda", "is not for linux-64"),
        (f"#sha256={SHA256}", "", "six 1.10 has no hash"),
        (f"six @ {SIX.url}", "-r /etc/passwd", "this line for pip is not understood"),
    ],
)
def test_a_hostile_list_is_refused_with_its_line(files: Files, old: str, new: str, said: str) -> None:
    assert old in EXPLICIT

    with pytest.raises(EnvironmentFailed) as failure:
        own(files({"conda.yaml": CONDA, "conda-linux-64.lock": EXPLICIT.replace(old, new)}))

    assert said in str(failure.value)
    assert failure.value.where
    assert failure.value.where.line


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("version: 6", "version: 3", "a pixi.lock of version 3 is not understood"),
        ("  default:", "  dev:", "the environment 'default' is missing"),
        (f"sha256: '{SHA256}', depends", "depends", "has no hash"),
        ('depends: ["tzdata"]', "depends: [[tzdata]]", "a dependency is a text"),
    ],
)
def test_a_pixi_lock_that_cannot_be_used_is_refused(files: Files, old: str, new: str, said: str) -> None:
    assert old in PIXI_6

    with pytest.raises(EnvironmentFailed) as failure:
        own(files({"conda.yaml": CONDA, "pixi.lock": PIXI_6.replace(old, new, 1)}))

    assert said in str(failure.value)


def test_two_versions_of_one_package_are_refused(files: Files) -> None:
    other = EXPLICIT + f"{PYTHON.url.replace('3.10', '3.9')}#{MD5}\n"

    with pytest.raises(EnvironmentFailed, match="lists python for linux-64 more than once"):
        own(files({"conda.yaml": CONDA, "conda-linux-64.lock": other}))


def test_a_lock_that_is_no_text_is_told(files: Files) -> None:
    directory = files({"conda.yaml": CONDA})
    (directory / "conda-lock.yml").write_bytes(b"\xff\xfe")

    with pytest.raises(EnvironmentFailed, match=r"conda-lock\.yml cannot be read"):
        own(directory)
