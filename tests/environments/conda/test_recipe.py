import os
import re
from pathlib import Path

import pytest
from msgspec.structs import replace

from runner.environments.cache import MARKER
from runner.environments.conda import asking as parent
from runner.errors import EnvironmentFailed
from tests.environments.builders import some
from tests.environments.conda.bench import Bench, asking, changed, inside
from tests.environments.wheels import sha256_of
from tests.services import packing
from tests.services.channel import LIBRARY, PYTHON, Channel, published
from tests.services.packing import PLACEHOLDER, Member, Package


@pytest.mark.usefixtures("fetched")
class TestWithPython:
    def test_packages_with_compiled_code_and_a_python_of_their_own(self, bench: Bench) -> None:
        environment = bench.build(asking("python", "msgspec", "polite"))

        assert (environment.kind, environment.packages, environment.reused) == ("conda", 4, False)
        assert environment.interpreter
        assert environment.interpreter.version == PYTHON
        code = (
            "import msgspec, polite, sys; print(msgspec.json.encode([1]), sys.prefix, sys.version_info[:3])"
        )
        numbers = tuple(int(part) for part in PYTHON.split("."))
        assert inside(environment, f'python -c "{code}"') == f"b'[1]' {environment.path} {numbers}\n"

    def test_programs_of_packages_are_on_path(self, bench: Bench) -> None:
        assert inside(bench.build(asking("greet")), "greet") == "greetings\n"

    def test_files_know_their_place(self, bench: Bench) -> None:
        environment = bench.build(asking("placed"))

        assert environment.path
        assert inside(environment, "placed") == "found\n"
        binary = (environment.path / "share/placed.bin").read_bytes()
        text, *padding = binary.removeprefix(b"\x7fdata\0").removesuffix(b"end").split(b"\0")
        assert text.decode() == f"{environment.path}/share/placed.txt"
        assert len(binary) == len(PLACEHOLDER) + len("\x7fdata\0/share/placed.txt\0end")
        assert set(padding) == {b""}

    def test_packages_of_the_user_are_not_seen(self, bench: Bench, person: Path) -> None:
        own = person / ".local" / LIBRARY / "site-packages"
        own.mkdir(parents=True)
        (own / "mine.py").write_text("")

        code = "import importlib.util; print(importlib.util.find_spec('mine'))"
        assert inside(bench.build(asking("python")), f'python -c "{code}"') == "None\n"


class TestActivation:
    def test_it_is_as_a_shell_would_have_it(self, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("TUNED_OLD", "of the caller")
        monkeypatch.setenv("CONDA_PREFIX", "/somewhere/else")

        environment = bench.build(asking("tuned", name="demo", variables={"MY_LEVEL": "it's $7 `x`"}))

        assert environment.path
        tuned = f"{environment.path}/share/tuned"
        said = inside(environment, 'tune; echo "$TUNED_HOME|$TUNED_LEVEL|$TUNED_STATE|${TUNED_OLD-gone}"')
        assert said == f"in tune\n{tuned}|it's $7 `x`|on|gone\n"
        assert environment.path_entries == (f"{tuned}/bin", f"{environment.path}/bin")
        assert inside(environment, "echo $CONDA_PREFIX $CONDA_DEFAULT_ENV") == f"{environment.path} demo\n"
        assert environment.interpreter is None

    def test_other_variables_make_another_environment(self, bench: Bench) -> None:
        first = bench.build(asking("tuned", variables={"MY_LEVEL": "1"}))
        second = bench.build(asking("tuned", variables={"MY_LEVEL": "2"}))

        assert first.path != second.path
        assert inside(second, "echo $MY_LEVEL $TUNED_LEVEL") == "2 2\n"

    def test_a_script_that_fails_is_told(self, bench: Bench, tmp_path: Path) -> None:
        broken = Package(
            name="broken",
            members={"etc/conda/activate.d/broken.sh": Member(b"echo no license >&2\nexit 3\n")},
        )
        packing.write(broken, tmp_path / "own")
        published(tmp_path / "own")

        with pytest.raises(EnvironmentFailed) as failure:
            bench.build(asking("broken", "tuned", channels=((tmp_path / "own").as_uri(), "conda-forge")))

        said = "etc/conda/activate.d/broken.sh of broken 1.0 ended with exit code 3"
        assert str(failure.value) == f"the environment cannot be activated: {said}"
        assert failure.value.detail == "no license"
        assert not some(bench.settings.cache / "envs", f"*/{MARKER}")

    def test_each_person_has_a_home_of_their_own(
        self, bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        script = b'mkdir $HOME/.data; export DATA=$HOME/.data PATH="$HOME/.tools:$PATH"\n'
        homely = Package(name="homely", members={"etc/conda/activate.d/homely.sh": Member(script)})
        packing.write(homely, tmp_path / "own")
        published(tmp_path / "own")
        spec = asking("homely", channels=((tmp_path / "own").as_uri(),))
        first = bench.build(spec)
        assert first.path
        monkeypatch.setenv("HOME", "/home/other")

        second = bench.build(spec)

        home = tmp_path / "person"
        assert (first.variables["DATA"], first.path_entries[0]) == (f"{home}/.data", f"{home}/.tools")
        assert (second.reused, second.variables["DATA"]) == (True, "/home/other/.data")
        assert second.path_entries[0] == "/home/other/.tools"
        assert "HOME" not in second.variables
        assert not [path for path in (home / ".data", first.path / ".home") if path.exists()]

    def test_variables_are_set_whatever_they_are_where_it_is_built(self, bench: Bench) -> None:
        asked = {"LC_ALL": "C.UTF-8", "HOME": os.environ["HOME"]}

        environment = bench.build(asking("tuned", variables=asked))

        assert asked.items() <= environment.variables.items()


def test_a_second_one_costs_no_worker(
    bench: Bench, channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = bench.build(asking("tuned"))
    channel.asked.clear()
    monkeypatch.setattr(parent, "WORKER", Path("/nowhere"))

    second = bench.build(asking("tuned"))

    assert (second.reused, second.path, second.variables) == (True, first.path, first.variables)
    assert channel.asked == []


class TestHashes:
    """A package that is not the one that is locked is not installed."""

    def test_over_http(self, bench: Bench, channel: Channel) -> None:
        lock = changed(bench.lock(asking("tuned")), sha256_of(channel.archive("tuned")), "0" * 64)

        with pytest.raises(EnvironmentFailed, match="its hash is another") as failure:
            bench.prepare(lock, asking("tuned"))

        assert "tuned-1.0-0.conda" in (failure.value.detail or "")
        assert not some(bench.settings.cache / "envs", "*/share")

    def test_from_a_directory(self, bench: Bench, channel: Channel) -> None:
        spec = asking("tuned", channels=(channel.directory.as_uri(),))
        lock = changed(bench.lock(spec), sha256_of(channel.archive("tuned")), "0" * 64)

        with pytest.raises(EnvironmentFailed, match="its hash is another") as failure:
            bench.prepare(lock, spec)

        assert f"expected sha256 {'0' * 64}" in (failure.value.detail or "")
        assert not some(bench.settings.cache / "envs", "*/share")

    @pytest.mark.parametrize("served", [True, False], ids=["over http", "from a directory"])
    def test_where_there_is_an_md5_only(self, bench: Bench, channel: Channel, served: bool) -> None:
        spec = asking("tuned", channels=(channel.url if served else channel.directory.as_uri(),))
        lock = bench.lock(spec)
        text = re.sub("md5: .*", f"md5: '{'0' * 32}'", re.sub("\n    sha256: .*", "", lock.text))

        with pytest.raises(EnvironmentFailed, match="its hash is another"):
            bench.prepare(replace(lock, text=text), spec)

    def test_although_the_right_one_is_in_the_package_cache(self, bench: Bench, channel: Channel) -> None:
        lock = bench.lock(asking("tuned"))
        bench.prepare(lock, asking("tuned"))

        with pytest.raises(EnvironmentFailed, match="its hash is another"):
            bench.prepare(changed(lock, sha256_of(channel.archive("tuned")), "0" * 64), asking("tuned"))

    def test_an_edit_in_one_environment_does_not_get_into_the_next(self, bench: Bench) -> None:
        first = bench.build(asking("tuned"))
        assert first.path
        file = first.path / "share/tuned/bin/tune"
        assert file.stat().st_nlink > 1  # one file in the package cache and here
        file.write_text("#!/bin/sh\necho edited\n")

        second = bench.build(asking("tuned", variables={"ANOTHER": "1"}))

        assert inside(second, "tune") == "in tune\n"


def test_offline_what_is_in_the_package_cache_is_enough(
    bench: Bench, channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.build(asking("tuned"))
    other = bench.lock(asking("greet"))
    channel.asked.clear()
    monkeypatch.setenv("RUNNER_OFFLINE", "1")

    assert not bench.build(asking("tuned", variables={"ANOTHER": "1"})).reused
    with pytest.raises(EnvironmentFailed, match="not in the package cache") as failure:
        bench.prepare(other, asking("greet"))

    assert "greet-1.0-pyh0_0.conda" in (failure.value.detail or "")
    assert "RUNNER_OFFLINE is set" in (failure.value.hint or "")
    assert channel.asked == []


def test_a_cache_whose_path_is_too_long_is_told(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = bench.lock(asking("placed"))
    monkeypatch.setenv("RUNNER_CACHE", str(tmp_path / ("long/" * 60)))

    with pytest.raises(EnvironmentFailed) as failure:
        bench.prepare(lock, asking("placed"))

    assert "RUNNER_CACHE" in (failure.value.hint or "")
    assert "shorter path" in (failure.value.hint or "")


def test_a_package_that_is_gone_from_its_channel_is_named(bench: Bench) -> None:
    lock = changed(bench.lock(asking("tuned")), "/noarch/tuned-1.0-0.conda", "/noarch/tuned-1.0-1.conda")

    with pytest.raises(EnvironmentFailed, match="cannot be installed") as failure:
        bench.prepare(lock, asking("tuned"))

    assert "404 Not Found" in (failure.value.detail or "")


def test_a_lock_for_other_machines_is_refused(bench: Bench) -> None:
    lock = changed(bench.lock(asking("tuned")), "linux-64", "osx-arm64")

    with pytest.raises(EnvironmentFailed, match="the lock is for osx-arm64, not for linux-64"):
        bench.prepare(lock, asking("tuned"))


def test_a_worker_that_dies_is_told(bench: Bench, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    script = tmp_path / "worker.py"
    script.write_text(
        "import os, sys\nprint('last words', file=sys.stderr)\nsys.stderr.flush()\nos.abort()\n"
    )
    monkeypatch.setattr(parent, "WORKER", script)

    with pytest.raises(EnvironmentFailed, match="SIGABRT") as failure:
        bench.lock(asking("tuned"))

    assert "last words" in (failure.value.detail or "")


def test_progress_is_told(bench: Bench) -> None:
    bench.build(asking("python", "polite"))

    assert "solving for 2 conda packages" in bench.said
    assert "installing 3 conda packages" in bench.said
    assert any(text.startswith("downloading ") and text.endswith(" MB") for text in bench.said), bench.said
