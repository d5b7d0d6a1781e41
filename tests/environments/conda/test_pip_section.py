"""The pip section: resolved against what conda has installed, installed beside it."""

import os
import sys
import tarfile
from pathlib import Path

import pytest
import yaml

from runner.environments import Environment, Lock
from runner.environments.conda import lockfile
from runner.errors import EnvironmentFailed
from tests.environments.conda.bench import Bench, asking, changed, inside
from tests.environments.python.test_locking import private_index
from tests.environments.sources import write_package
from tests.environments.wheels import Index, dated, sha256_of

__all__ = ["dated", "private_index"]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What conda installs is the same in many of these tests."""
    return tmp_path_factory.mktemp("built")


@pytest.fixture(autouse=True)
def cache(built: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNNER_CACHE", str(built))


@pytest.fixture
def index(index: Index) -> Index:
    """The index, which has another greet than the channel."""
    index.add("greet", "1.0")
    index.add("greet", "2.0")
    index.add("cheer", requires=["greet"])
    index.add("shout", requires=["greet>=2"])
    return index


def pip(lock: Lock) -> dict[str, str]:
    """Versions of what pip adds."""
    return {package.name: package.version for package in lockfile.read(lock.text, name="the lock").pip}


def version(environment: Environment, module: str) -> str:
    return inside(environment, f"python -c 'import {module}; print({module}.version)'").strip()


def test_what_conda_installs_is_taken_for_given(bench: Bench, index: Index) -> None:
    spec = asking("greet", pip=("cheer", "beta"))

    lock = bench.lock(spec)
    environment = bench.prepare(lock, spec)

    assert pip(lock) == {"cheer": "1.0", "beta": "2.0"}
    assert lock.pinned
    assert version(environment, "greet") == "1.0"
    assert version(environment, "cheer") == "1.0"
    facts = next((environment.path or Path()).glob("lib/python*/site-packages/greet-1.0.dist-info"))
    assert (facts / "INSTALLER").read_text().strip() == "conda"


def test_each_package_of_the_section_has_its_file_and_hash(bench: Bench, index: Index) -> None:
    lock = bench.lock(asking("python", pip=("beta==1.0",)))

    (entry,) = [item for item in yaml.safe_load(lock.text)["package"] if item["manager"] == "pip"]
    assert entry["url"].endswith("/beta-1.0-py3-none-any.whl")
    assert entry["hash"] == {"sha256": sha256_of(index.path / "beta-1.0-py3-none-any.whl")}


@pytest.mark.parametrize("line", ["shout", "greet==2.0"])
def test_a_list_that_contradicts_conda_is_told_with_both_versions(
    bench: Bench, index: Index, line: str
) -> None:
    with pytest.raises(EnvironmentFailed) as failure:
        bench.lock(asking("greet", pip=(line,)))

    assert str(failure.value) == (
        "the pip section of conda.yaml contradicts its conda packages: conda installs greet 1.0, the list would have 2.0"
    )
    assert "greet" in (failure.value.detail or "")


def test_a_list_that_contradicts_itself_is_told_as_ever(bench: Bench, index: Index) -> None:
    with pytest.raises(EnvironmentFailed, match="the requirements cannot be resolved") as failure:
        bench.lock(asking("greet", pip=("beta<2", "beta>=2")))

    assert "beta" in (failure.value.detail or "")


def test_a_package_that_is_not_the_locked_one_is_refused(bench: Bench, index: Index) -> None:
    spec = asking("python", pip=("beta==1.0",))
    lock = bench.lock(spec)
    honest = sha256_of(index.path / "beta-1.0-py3-none-any.whl")

    with pytest.raises(EnvironmentFailed, match="the packages cannot be installed") as failure:
        bench.prepare(changed(lock, honest, "0" * 64), spec)

    assert "Hash mismatch" in (failure.value.detail or "")


def test_files_and_directories_of_the_section_are_read(bench: Bench, index: Index) -> None:
    (bench.directory / "more.txt").write_text("alpha\n-c limits.txt\n")
    (bench.directory / "limits.txt").write_text("beta<2\n")
    (bench.directory / "own").mkdir()
    (bench.directory / "own/own.py").write_text("version = 'live'\n")
    (bench.directory / "own/backend.py").write_text(BACKEND)
    (bench.directory / "own/pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n[project]\nname = "own"\nversion = "1.0"\n'
    )
    spec = asking("python", pip=("-r more.txt", "-e ./own"))

    lock = bench.lock(spec)
    environment = bench.prepare(lock, spec)

    assert pip(lock).keys() == {"alpha", "beta", "own"}
    assert not lock.pinned
    assert version(environment, "beta") == "1.0"
    assert version(environment, "own") == "live"


# Makes an editable wheel without any package from an index.
BACKEND = """
import zipfile
def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    import os
    name = "own-1.0-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(wheel_directory, name), "w") as wheel:
        wheel.writestr("own.pth", os.path.dirname(os.path.abspath(__file__)))
        wheel.writestr("own-1.0.dist-info/METADATA", "Metadata-Version: 2.1\\nName: own\\nVersion: 1.0\\n")
        wheel.writestr("own-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\\nGenerator: x\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr("own-1.0.dist-info/RECORD", "own.pth,,\\nown-1.0.dist-info/METADATA,,\\nown-1.0.dist-info/WHEEL,,\\nown-1.0.dist-info/RECORD,,\\n")
    return name
build_wheel = build_editable
"""


def test_a_directory_that_was_edited_is_installed_as_it_is_now(bench: Bench, index: Index) -> None:
    own = bench.directory / "\N{PARTY POPPER}"
    spec = asking("python", pip=(f"./{own.name}",))
    write_package(own, "first")
    first = bench.build(spec)

    write_package(own, "second")
    second = bench.build(spec)

    assert [version(environment, "own") for environment in (first, second)] == ["first", "second"]


def test_a_package_may_lie_below_the_top_of_its_archive(bench: Bench, dated: Index) -> None:
    write_package(bench.directory / "parts/c++/own", "below")
    with tarfile.open(dated.path / "parts.tar.gz", "w:gz") as archive:
        archive.add(bench.directory / "parts", "parts")
    address = os.environ["UV_INDEX_URL"].removesuffix("/simple")
    place = f"{address}/parts.tar.gz#subdirectory=c++/own"

    spec = asking("python", pip=(f"own @ {place}",))
    lock = bench.lock(spec)

    assert f"url: {place}\n" in lock.text
    assert lock.pinned
    assert version(bench.prepare(lock, spec), "own") == "below"


def test_a_section_without_any_python_is_told(bench: Bench, index: Index) -> None:
    with pytest.raises(
        EnvironmentFailed, match="has a pip section, but its conda packages bring no Python"
    ) as failure:
        bench.lock(asking("tuned", pip=("beta",)))

    assert failure.value.hint == "add `python` to its dependencies"


def test_the_best_wheel_for_the_interpreter_is_locked(bench: Bench, index: Index) -> None:
    plain = index.add("beta", "3.0")
    minor = f"cp{sys.version_info.major}{sys.version_info.minor}"
    best = plain.with_name(f"beta-3.0-{minor}-none-any.whl")
    best.write_bytes(plain.read_bytes())

    lock = bench.lock(asking("python", pip=("beta==3.0",)))

    assert best.name in lock.text
    assert plain.name not in lock.text


def test_packages_come_from_a_private_index_and_its_password_is_kept_nowhere(
    bench: Bench, private_index: str
) -> None:
    spec = asking("python", pip=(f"--index-url http://me:secret@{private_index}/simple/", "beta"))

    lock = bench.lock(spec)
    environment = bench.prepare(lock, spec)

    assert version(environment, "beta") == "2.0"
    assert f"url: http://{private_index}/beta-2.0-py3-none-any.whl" in lock.text
    kept = [path for path in bench.settings.cache.rglob("*") if path.suffix in {".json", ".toml", ".txt"}]
    assert not [path for path in kept if b"me:secret" in path.read_bytes()]
    assert "secret" not in lock.text + "".join(bench.said)
