"""conda-lock.yml: what we write, others read; what others write, we read; what is hostile is refused."""

import json
import sys
import warnings
from dataclasses import replace
from pathlib import Path

import pytest

from runner.environments.conda import lockfile
from runner.environments.conda.packages import CondaLock, CondaPackage, PipPackage
from runner.errors import EnvironmentFailed
from runner.process import capture

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of what it brings along
    from conda_lock.lockfile import parse_conda_lock_file, write_conda_lock_file

MD5, SHA256 = "0" * 31 + "a", "1e" * 32
PYTHON = CondaPackage(
    name="python",
    version="3.10",
    platform="linux-64",
    url="https://host/main/linux-64/python-3.10-h1_4.conda",
    md5=MD5,
    sha256=SHA256,
    depends=("libffi >=3.4,<4", "tzdata", "__glibc >=2.17"),
)
TZDATA = CondaPackage(
    name="tzdata",
    version="2025a",
    platform="linux-64",
    url="https://host/main/noarch/tzdata-2025a-h7_0.tar.bz2",
    md5=MD5,
)
SIX = PipPackage(
    name="six",
    version="1.10",
    platform="linux-64",
    url="https://host/six-1.10-py3-none-any.whl",
    sha256=SHA256,
)
LOCK = CondaLock(
    conda=(TZDATA, PYTHON),
    pip=(SIX,),
    channels=("https://host/main",),
    content={"linux-64": "c" * 64},
    sources=("conda.yaml",),
    solver="rattler 0.28.0",
    as_of="2024-03-01T00:00:00Z",
)
TEXT = lockfile.write(LOCK)


def test_what_is_written_is_read_again() -> None:
    found = lockfile.read(TEXT, name="conda-lock.yml")

    assert set(found.conda) == {
        replace(PYTHON, depends=("__glibc >=2.17", "libffi >=3.4,<4", "tzdata")),
        TZDATA,
    }
    assert replace(found, conda=()) == replace(LOCK, conda=())
    assert found.python == "3.10"


def test_equal_locks_are_equal_texts_however_they_came_about() -> None:
    other = replace(PYTHON, depends=tuple(reversed(PYTHON.depends)))

    assert lockfile.write(replace(LOCK, conda=(other, TZDATA))) == TEXT
    assert lockfile.write(lockfile.read(TEXT, name="x")) == TEXT


def test_the_parser_of_conda_lock_reads_what_we_write(tmp_path: Path) -> None:
    path = tmp_path / "conda-lock.yml"
    path.write_text(TEXT)

    found = parse_conda_lock_file(path)

    assert {
        (item.name, item.version, item.manager, item.url, item.hash.md5, item.hash.sha256)
        for item in found.package
    } == {
        ("python", "3.10", "conda", PYTHON.url, MD5, SHA256),
        ("tzdata", "2025a", "conda", TZDATA.url, MD5, None),
        ("six", "1.10", "pip", SIX.url, None, SHA256),
    }
    assert found.metadata.platforms == ["linux-64"]
    assert found.metadata.custom_metadata == {
        "created_by": "runner",
        "packages": lockfile.seal(LOCK),
        "solver": LOCK.solver,
        "as_of": LOCK.as_of,
    }


def test_we_read_what_conda_lock_writes(tmp_path: Path) -> None:
    ours, theirs = tmp_path / "ours.yml", tmp_path / "theirs.yml"
    ours.write_text(TEXT)

    write_conda_lock_file(parse_conda_lock_file(ours), theirs, None)

    assert lockfile.write(lockfile.read(theirs.read_text(), name="theirs.yml")) == TEXT


RATTLER = """
import json, os, sys
from rattler import LockFile
(_, environment), = LockFile.from_path(sys.argv[1]).environments()
(platform,) = environment.platforms()
print(json.dumps([[item.name, item.location] for item in environment.packages(platform)]), flush=True)
os._exit(0)
"""


def test_rattler_reads_what_we_write_without_md5_too(tmp_path: Path) -> None:
    path = tmp_path / "conda-lock.yml"
    path.write_text(lockfile.write(replace(LOCK, conda=(replace(PYTHON, md5=None), TZDATA))))

    found = json.loads(capture([sys.executable, "-c", RATTLER, path]).out)

    assert sorted(found) == [["python", PYTHON.url], ["six", SIX.url], ["tzdata", TZDATA.url]]


def test_a_package_says_what_its_file_name_says() -> None:
    assert (PYTHON.build, PYTHON.build_number, PYTHON.subdir, PYTHON.channel) == (
        "h1_4",
        4,
        "linux-64",
        "https://host/main",
    )
    assert (TZDATA.build, TZDATA.noarch, PYTHON.noarch) == ("h7_0", "generic", None)


def test_two_wishes_for_one_name_are_both_kept() -> None:
    twice = replace(PYTHON, depends=("numpy >=1.2", "numpy <3", "python_abi 3.10.* *_cp310"))

    text = lockfile.write(replace(LOCK, conda=(twice,)))

    (found,) = lockfile.read(text, name="x").conda
    assert found.depends == ("numpy >=1.2,<3", "python_abi 3.10.* *_cp310")


def test_an_unusual_place_for_packages_is_kept() -> None:
    free = replace(PYTHON, site_packages="lib/python3.13t/site-packages")

    (found, _) = lockfile.read(lockfile.write(replace(LOCK, conda=(free, TZDATA))), name="x").conda

    assert found.site_packages == free.site_packages


def test_a_lock_for_two_platforms_gives_each_its_own() -> None:
    mac = replace(PYTHON, platform="osx-arm64", url="https://host/main/osx-arm64/python-3.10-h1_4.conda")
    both = replace(LOCK, conda=(*LOCK.conda, mac), content={**LOCK.content, "osx-arm64": "d"})

    found = lockfile.read(lockfile.write(both), name="x")

    assert found.platforms == ("linux-64", "osx-arm64")
    assert found.only("osx-arm64").conda == (
        replace(mac, depends=("__glibc >=2.17", "libffi >=3.4,<4", "tzdata")),
    )
    assert found.only("osx-arm64").pip == ()


@pytest.mark.parametrize("login", ["me:secret@host", "me:secret@host:80", "me:secret@secret@host"])
def test_no_login_is_written(login: str) -> None:
    text = lockfile.write(
        replace(
            LOCK,
            conda=(replace(PYTHON, url=PYTHON.url.replace("host", login)),),
            pip=(replace(SIX, url=SIX.url.replace("host", login)),),
            channels=(f"https://{login}/main", "https://host/t/secret/main"),
        )
    )

    assert "secret" not in text


def test_a_package_without_any_hash_is_not_locked() -> None:
    with pytest.raises(EnvironmentFailed, match=r"no hash for tzdata-2025a-h7_0\.tar\.bz2"):
        lockfile.write(replace(LOCK, conda=(replace(TZDATA, md5=None),)))


def test_what_is_only_for_development_is_left_out() -> None:
    text = TEXT.replace("category: main", "category: dev", 1)

    assert [package.name for package in lockfile.read(text, name="x").conda] == ["tzdata"]


def test_a_version_that_looks_like_a_number_stays_as_it_is() -> None:
    found = lockfile.read(TEXT.replace("'3.10'", "3.10"), name="x")

    assert found.python == "3.10"


def test_names_of_variables_in_urls_are_no_secrets(tmp_path: Path) -> None:
    text = TEXT.replace("https://host/main", "https://${ME}:$PASSWORD@host/t/$TOKEN/main")

    found = lockfile.read(text, name="x")

    assert {package.url for package in found.conda} == {PYTHON.url, TZDATA.url}
    assert found.channels == ("https://${ME}:$PASSWORD@host/t/$TOKEN/main",)
    path = tmp_path / "conda-lock.yml"
    path.write_text(lockfile.write(found))
    (channel,) = parse_conda_lock_file(path).metadata.channels
    assert (channel.url, channel.used_env_vars) == (found.channels[0], ("ME", "PASSWORD", "TOKEN"))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("version: 1\n", "version: 2\n", "no conda-lock file of version 1"),
        ("metadata:\n", "metadata: 1\nother:\n", "'metadata' is a mapping, not '1'"),
        ("package:\n", "package: {}\nother:\n", "'package' is a list, not a mapping"),
        (f"    md5: {MD5!r}\n    sha256: {SHA256!r}\n", "    other: x\n", "python-3.10-h1_4.conda has no hash"),
        (MD5, "../../etc/passwd", "'../../etc/passwd' is no md5"),
        (SHA256, SHA256[:-1], "is no sha256"),
        ("https://host/main/linux-64/python", "ftp://host/main/linux-64/python", "is no URL of a conda package"),
        ("https://host/main/linux-64/python", "ext::sh -c x/linux-64/python", "is no URL of a conda package"),
        ("linux-64/python-3.10-h1_4.conda", "linux-64/..%2f..%2fx-3.10-h1_4.conda", "is no URL of a conda package"),
        ("main/linux-64/python", "main/../linux-64/python", "is no URL of a conda package"),
        ("https://host/main/linux-64/python", "https://[host/main/linux-64/python", "is no URL"),
        ("python-3.10-h1_4.conda", "evil-3.10-h1_4.conda", "is not python 3.10"),
        ("python-3.10-h1_4.conda", "python-3.9-h1_4.conda", "is not python 3.10"),
        ("main/linux-64/python", "main/win-64/python", "is not for linux-64"),
        ("  platform: linux-64\n", "  platform: ../x\n", "'../x' is no platform"),
        ("https://host/main/linux-64", "https://me:pw@host/main/linux-64", "holds a password or token: https://host"),
        ("https://host/main/linux-64", "https://host/t/tk-1/main/linux-64", "holds a password or token: https://host"),
        ("https://host/six-1.10-py3-none-any.whl", "--config-settings=x", "is no URL of a Python package"),
        ("https://host/six-1.10-py3-none-any.whl", "git+https://host/six.git@main", "six 1.10 has no hash"),
        ("https://host/six-1.10-py3-none-any.whl", '"./six\\0"', "is no URL of a Python package"),
        ("as_of: '2024-03-01T00:00:00Z'", "as_of: yesterday", "'yesterday' is no moment"),
        ("as_of: '2024-03-01T00:00:00Z'", "as_of: '2024-02-30T00:00:00Z'", "'2024-02-30T00:00:00Z' is no moment"),
        ("name: six", "name: '-r /etc/passwd'", "is no Python package"),
        ("  version: '3.10'\n", "  version: [1]\n", "'version' is a text, not a list"),
        ("  manager: conda\n", "", "'manager' is missing"),
        ("version: 1\n", "version: 1\n" + "x: " + "[" * 5000 + "\n", "nested more than"),
        ("version: 1\n", "\tversion: 1\n", "conda-lock.yml"),
    ],
)  # fmt: skip
def test_a_hostile_lock_is_refused_in_words(old: str, new: str, said: str) -> None:
    text = TEXT.replace(old, new, 1)
    assert text != TEXT

    with pytest.raises(EnvironmentFailed) as failure:
        lockfile.read(text, name="conda-lock.yml")

    assert said in str(failure.value)
    assert str(failure.value.where).startswith("conda-lock.yml")
    assert "pw" not in str(failure.value)
    assert failure.value.hint


def test_a_lock_that_never_ends_is_not_read() -> None:
    with pytest.raises(EnvironmentFailed, match="larger than 32 MiB"):
        lockfile.read("#" * (33 << 20), name="conda-lock.yml")
