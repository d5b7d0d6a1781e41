import os
import subprocess
import threading
from base64 import b64decode
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from msgspec.structs import replace

from runner.environments import Wishes, resolve
from runner.environments.python import uv
from runner.environments.python.interpreters import running
from runner.errors import EnvironmentFailed
from runner.project.model import PythonEnv, SystemEnv
from tests.environments.test_building import imported
from tests.environments.wheels import Index, Workshop, sha256_of


def test_the_system_has_no_lock(workshop: Workshop) -> None:
    assert (
        resolve(SystemEnv(), directory=workshop.directory, settings=workshop.settings, phase=workshop.phase)
        is None
    )


def test_a_lock_has_each_package_with_its_hash(workshop: Workshop, index: Index) -> None:
    lock = workshop.resolve("alpha")

    assert (lock.kind, lock.origin, lock.packages, lock.pinned) == ("pylock", "resolved", 2, True)
    assert sha256_of(index.path / "beta-2.0-py3-none-any.whl") in lock.text
    assert lock.python == running().version
    assert workshop.phase.summary == f"Python {running().version}, 2 packages"
    assert workshop.phase.detail == "locked"


def test_the_same_requirements_are_resolved_once(workshop: Workshop, index: Index) -> None:
    first = workshop.resolve("beta")
    index.add("beta", "3.0")

    second = workshop.resolve("beta")

    assert second.origin == "cached"
    assert second == replace(first, origin="cached")


def test_another_index_is_another_resolution(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    workshop.resolve("beta")
    monkeypatch.setenv("UV_EXCLUDE_NEWER", "2030-01-01")

    assert workshop.resolve("beta").origin == "resolved"


def test_another_password_is_no_other_resolution(
    workshop: Workshop, private_index: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_INDEX_URL", f"http://me:secret@{private_index}/simple")
    workshop.resolve("beta")
    monkeypatch.setenv("UV_INDEX_URL", f"http://me:changed@{private_index}/simple")
    monkeypatch.setenv("UV_INDEX_PRIVATE_PASSWORD", "third")

    assert workshop.resolve("beta").origin == "cached"


def test_upgrading_resolves_anew(workshop: Workshop, index: Index) -> None:
    workshop.resolve("beta")
    index.add("beta", "3.0")

    lock = resolve(
        PythonEnv(requirements=("beta",)),
        directory=workshop.directory,
        settings=workshop.settings,
        phase=workshop.phase,
        wishes=Wishes(anew=True),
    )

    assert lock
    assert 'version = "3.0"' in lock.text
    assert workshop.resolve("beta").text == lock.text


def test_a_broken_record_of_a_resolution_is_made_anew(workshop: Workshop) -> None:
    workshop.resolve("beta")
    (record,) = (workshop.settings.cache / "locks").glob("*.json")
    record.write_text('{"kind": "pylock", "surprise": 1}')

    assert workshop.resolve("beta").origin == "resolved"


def test_a_conflict_is_explained_in_the_resolvers_own_words(workshop: Workshop) -> None:
    with pytest.raises(EnvironmentFailed, match="the requirements cannot be resolved") as failure:
        workshop.resolve("gamma", "beta==2.0")

    assert "all versions of gamma depend on beta<2" in " ".join((failure.value.detail or "").split())
    assert (
        failure.value.hint
        == "relax one of the versions named above, or ask for another Python with --python VERSION"
    )


def test_a_package_that_does_not_exist_is_named(workshop: Workshop) -> None:
    with pytest.raises(EnvironmentFailed) as failure:
        workshop.resolve("nosuch")

    assert "nosuch" in (failure.value.detail or "")
    assert "check the names" in (failure.value.hint or "")


def test_offline_is_said_to_be_the_reason(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UV_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("RUNNER_OFFLINE", "1")

    with pytest.raises(EnvironmentFailed) as failure:
        workshop.resolve("nosuch")

    assert "RUNNER_OFFLINE" in (failure.value.hint or "")


def test_an_index_that_does_not_answer_is_said_to_be_the_reason(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")

    with pytest.raises(EnvironmentFailed) as failure:
        workshop.resolve("nosuch")

    assert "cannot be reached" in (failure.value.hint or "")


def test_build_tools_are_installed_too(workshop: Workshop) -> None:
    spec = PythonEnv(requirements=("alpha",), build_requirements=("gamma",))

    assert workshop.resolve(spec=spec).packages == 3


def test_build_tools_give_way_to_the_packages(workshop: Workshop) -> None:
    spec = PythonEnv(requirements=("beta==2.0",), build_requirements=("gamma",))

    lock = workshop.resolve(spec=spec)

    assert lock.packages == 1
    assert 'version = "2.0"' in lock.text


def test_included_files_and_constraints_are_followed(workshop: Workshop) -> None:
    (workshop.directory / "more").mkdir()
    (workshop.directory / "more/all.txt").write_text("alpha  # the first\n-c limits.txt\n")
    (workshop.directory / "more/limits.txt").write_text("beta<2\n")

    lock = workshop.resolve("-r more/all.txt")

    assert 'version = "1.0"' in lock.text
    assert 'version = "2.0"' not in lock.text


def test_an_included_file_that_changed_is_another_resolution(workshop: Workshop) -> None:
    file = workshop.directory / "requirements.txt"
    file.write_text("alpha\n")
    workshop.resolve("-r requirements.txt")
    file.write_text("beta==1.0\n")

    assert workshop.resolve("-r requirements.txt").packages == 1


def test_a_python_that_the_caller_asks_for_is_not_blamed_on_the_project(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_PYTHON_DOWNLOADS", "never")
    spec = PythonEnv(file="python_env.yaml", python="3.11", requirements=("beta",))

    with pytest.raises(EnvironmentFailed, match=r"Python 3\.96 is not on this machine") as failure:
        workshop.resolve(spec=spec, python="3.96")

    assert "asks for it" not in (failure.value.detail or "")


def test_a_uv_lock_that_is_all_there_is_is_not_made_anew_here(workshop: Workshop) -> None:
    (workshop.directory / "uv.lock").write_text('version = 1\nrequires-python = ">=3.11"\n')

    with pytest.raises(EnvironmentFailed, match=r"uv\.lock is all that the project says") as failure:
        resolve(
            PythonEnv(file="uv.lock", lock_file="uv.lock"),
            directory=workshop.directory,
            settings=workshop.settings,
            phase=workshop.phase,
            wishes=Wishes(anew=True),
        )

    assert "uv lock --upgrade" in (failure.value.hint or "")


def test_pre_releases_are_taken_where_they_are_asked_for(workshop: Workshop, index: Index) -> None:
    index.add("beta", "9.0rc1")

    assert 'version = "9.0rc1"' in workshop.resolve("--pre", "beta").text


class TestTheProjectsOwnLock:
    def test_a_pylock_is_taken_as_it_is(self, workshop: Workshop) -> None:
        text = workshop.resolve("beta<2").text
        (workshop.directory / "pylock.toml").write_text(text)

        lock = workshop.resolve(spec=PythonEnv(lock_file="pylock.toml", requirements=("beta",)))

        assert (lock.text, lock.origin) == (text, "pylock.toml")
        assert workshop.phase.detail == "from pylock.toml"

    def test_a_pylock_for_another_python_is_refused(self, workshop: Workshop) -> None:
        (workshop.directory / "pylock.toml").write_text(
            'lock-version = "1.0"\nrequires-python = ">=3.98"\npackages = []\n'
        )

        with pytest.raises(EnvironmentFailed, match=r"is for Python >=3\.98, not for"):
            workshop.resolve(spec=PythonEnv(lock_file="pylock.toml", python=running().version))

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("lock-version =", "is no TOML"),
            ('lock-version = "2.0"\npackages = []\n', "no lock file of version 1"),
            ('lock-version = "1.0"\npackages = [1]\n', "no lock file of version 1"),
            ('lock-version = "1.0"\npackages = [{ name = "a", wheels = 1 }]\n', "no lock file of version 1"),
            (
                'lock-version = "1.0"\npackages = [{ name = "a", sdist = { url = 1 } }]\n',
                "no lock file of version 1",
            ),
            (
                'lock-version = "1.0"\npackages = [{ name = "a", archive = { url = "https://me:secret@host/a.whl" } }]\n',
                "holds a password or token: https://[*]{4}@host",
            ),
        ],
    )
    def test_a_pylock_that_is_none_is_refused(self, workshop: Workshop, text: str, message: str) -> None:
        (workshop.directory / "pylock.toml").write_text(text)

        with pytest.raises(EnvironmentFailed, match=message) as failure:
            workshop.resolve(spec=PythonEnv(lock_file="pylock.toml"))

        assert "secret" not in str(failure.value)

    def test_a_lock_outside_the_project_is_refused(self, workshop: Workshop) -> None:
        with pytest.raises(EnvironmentFailed, match="outside the project"):
            workshop.resolve(spec=PythonEnv(lock_file="../pylock.toml"))

    def test_a_lock_that_is_missing_is_named(self, workshop: Workshop) -> None:
        with pytest.raises(EnvironmentFailed, match=r"pylock\.toml cannot be read"):
            workshop.resolve(spec=PythonEnv(lock_file="pylock.toml"))

    def test_hashed_requirements_need_a_hash_on_each(self, workshop: Workshop) -> None:
        (workshop.directory / "requirements.txt").write_text("alpha\nbeta==1.0 \\\n  --hash=sha256:00\n")

        with pytest.raises(EnvironmentFailed, match="no hash for each package"):
            workshop.resolve(spec=PythonEnv(lock_file="requirements.txt"))

    def test_hashed_requirements_hold_no_password(self, workshop: Workshop) -> None:
        (workshop.directory / "requirements.txt").write_text(
            "--index-url https://me:secret@host.example/index\nbeta==1.0 --hash=sha256:00\n"
        )

        lock = workshop.resolve(spec=PythonEnv(lock_file="requirements.txt"))

        assert lock.text.splitlines()[0] == "--index-url https://host.example/index"
        assert lock.packages == 1

    def test_a_uv_lock_is_exported(self, workshop: Workshop) -> None:
        program = uv.find(workshop.settings)
        assert program
        (workshop.directory / "pyproject.toml").write_text(
            '[project]\nname = "demo"\nversion = "1"\nrequires-python = ">=3.11"\ndependencies = ["beta<2"]\n'
        )
        subprocess.run([program, "lock"], cwd=workshop.directory, check=True, capture_output=True)
        spec = PythonEnv(file="uv.lock", lock_file="uv.lock")

        lock = workshop.resolve(spec=spec)

        assert (lock.kind, lock.origin, lock.packages) == ("pylock", "uv.lock", 1)
        assert imported(workshop.prepare(lock, spec), "beta") == "1.0"

    def test_a_uv_lock_needs_uv(self, workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
        (workshop.directory / "uv.lock").write_text('version = 1\nrequires-python = ">=3.11"\n')
        monkeypatch.setenv("RUNNER_UV", "none")

        with pytest.raises(EnvironmentFailed, match="only be read with uv"):
            workshop.resolve(spec=PythonEnv(lock_file="uv.lock"))


class TestUv:
    def test_one_that_is_named_must_exist(self, workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("RUNNER_UV", "/nowhere/uv")

        with pytest.raises(EnvironmentFailed, match="there is no such program"):
            uv.find(workshop.settings)

    def test_it_may_be_on_path_but_not_behind_a_shim(
        self, workshop: Workshop, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        real = uv.find(workshop.settings)
        assert real
        for directory in ("shims", "bin"):
            (tmp_path / directory).mkdir()
            (tmp_path / directory / "uv").symlink_to(real)
        monkeypatch.setattr("sys.executable", str(tmp_path / "elsewhere/python"))
        monkeypatch.setenv("PATH", f"{tmp_path}/shims{os.pathsep}{tmp_path}/bin")
        assert uv.find(workshop.settings) == tmp_path / "bin/uv"

        monkeypatch.setenv("PATH", f"{tmp_path}/shims")
        assert uv.find(workshop.settings) is None

    def test_it_sees_nothing_of_an_activated_environment(
        self, workshop: Workshop, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("VIRTUAL_ENV", "/somewhere")
        monkeypatch.setenv("PYTHONPATH", "/somewhere")

        assert not {"VIRTUAL_ENV", "PYTHONPATH"} & set(uv.environment(workshop.settings))

    def test_it_uses_the_users_cache_where_hard_links_are_possible(
        self, workshop: Workshop, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.delenv("UV_CACHE_DIR")
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
        assert "UV_CACHE_DIR" not in uv.environment(workshop.settings)

        monkeypatch.setenv("XDG_CACHE_HOME", "/proc")
        assert uv.environment(workshop.settings)["UV_CACHE_DIR"] == str(workshop.settings.cache / "uv")


class PrivateIndex(SimpleHTTPRequestHandler):
    """Serves files to a user who knows the password."""

    def do_GET(self) -> None:
        given = self.headers.get("Authorization", "").partition(" ")[2]
        if b64decode(given) == b"me:secret":
            super().do_GET()
            return
        self.send_response(401)
        self.send_header("WWW-Authenticate", 'Basic realm="tests"')
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def private_index(index: Index, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The same wheels behind a password; its address."""
    page = index.path / "simple/beta/index.html"
    page.parent.mkdir(parents=True)
    page.write_text('<a href="../../beta-2.0-py3-none-any.whl">beta-2.0-py3-none-any.whl</a>')
    monkeypatch.delenv("UV_FIND_LINKS")
    monkeypatch.delenv("UV_INDEX_URL")
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(PrivateIndex, directory=str(index.path))) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def kept(workshop: Workshop) -> str:
    """Every text in the cache."""
    files = [path for path in workshop.settings.cache.rglob("*") if path.suffix in {".json", ".toml", ".txt"}]
    return "".join(path.read_text(errors="replace") for path in files)


def test_the_password_of_an_index_is_kept_nowhere(
    workshop: Workshop, private_index: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_INDEX_URL", f"http://me:secret@{private_index}/simple")

    environment = workshop.build("beta")

    assert imported(environment, "beta") == "2.0"
    assert "secret" not in kept(workshop)


def test_the_password_of_an_index_in_a_requirements_file_is_kept_nowhere(
    workshop: Workshop, private_index: str
) -> None:
    environment = workshop.build(f"--index-url http://me:secret@{private_index}/simple", "beta")

    assert imported(environment, "beta") == "2.0"
    assert "secret" not in kept(workshop) + "".join(workshop.said)


def test_a_password_in_a_direct_url_is_refused(workshop: Workshop, private_index: str) -> None:
    with pytest.raises(EnvironmentFailed, match="holds a password") as failure:
        workshop.resolve(f"beta @ http://me:secret@{private_index}/beta-2.0-py3-none-any.whl")

    assert "secret" not in f"{failure.value} {failure.value.detail}"


def test_a_repository_that_cannot_be_had_is_said_without_its_password(workshop: Workshop) -> None:
    with pytest.raises(EnvironmentFailed) as failure:
        workshop.resolve("beta @ git+http://me:secret@127.0.0.1:9/beta.git")

    assert "127.0.0.1:9" in (failure.value.detail or "")
    assert "secret" not in f"{failure.value} {failure.value.detail}"
