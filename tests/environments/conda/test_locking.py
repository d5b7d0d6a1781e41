import json
import os
from functools import partial
from pathlib import Path

import pytest
import yaml
from msgspec.structs import replace

from runner.environments import Wishes
from runner.environments.conda import machine
from runner.environments.conda.locking import resolve
from runner.errors import EnvironmentFailed
from runner.progress import Phase
from runner.project.model import CondaEnv
from tests.environments.conda.bench import Bench, asking, changed
from tests.services.channel import LOGIN, PYTHON, TOKEN, Channel


def versions(text: str) -> dict[str, str]:
    """Of the packages of a lock."""
    return {package["name"]: package["version"] for package in yaml.safe_load(text)["package"]}


def test_a_lock_has_each_package_with_its_hash_and_its_address(bench: Bench, channel: Channel) -> None:
    lock = bench.lock(asking("polite"))

    assert (lock.kind, lock.origin, lock.python, lock.packages, lock.pinned) == (
        "conda",
        "resolved",
        PYTHON,
        3,
        True,
    )
    (greet,) = [package for package in yaml.safe_load(lock.text)["package"] if package["name"] == "greet"]
    assert greet["url"] == f"{channel.url}/noarch/greet-1.0-pyh0_0.conda"
    assert len(greet["hash"]["sha256"]) == 64
    assert bench.detail == "locked"


def test_the_same_question_is_asked_once(bench: Bench, channel: Channel) -> None:
    first = bench.lock(asking("clock"))
    channel.asked.clear()

    second = bench.lock(asking("clock"))

    assert second == replace(first, origin="cached")
    assert channel.asked == []


@pytest.mark.parametrize(
    "other",
    [asking("clock <3"), asking("clock", channels=("conda-forge", "other")), asking("clock", "tuned")],
)
def test_another_question_is_another_resolution(bench: Bench, other: CondaEnv) -> None:
    bench.lock(asking("clock"))

    assert bench.lock(other).origin == "resolved"


def test_relock_asks_again(bench: Bench, channel: Channel) -> None:
    bench.lock(asking("clock"))
    channel.asked.clear()

    assert bench.lock(asking("clock"), anew=True).origin == "resolved"
    assert channel.asked


def test_a_lock_as_of_a_date_takes_what_there_was(bench: Bench) -> None:
    lock = bench.lock(asking("clock"), as_of="2021-01-01T00:00:00Z")

    assert versions(lock.text)["clock"] == "2.0"
    assert lock.as_of == "2021-01-01T00:00:00Z"
    assert bench.detail == "locked, as of 2021-01-01T00:00:00Z"
    assert versions(bench.lock(asking("clock")).text)["clock"] == "3.0"


def test_before_the_first_version_there_is_none(bench: Bench) -> None:
    with pytest.raises(EnvironmentFailed) as failure:
        bench.lock(asking("clock"), as_of="2010-01-01T00:00:00Z")

    assert "cutoff date" in (failure.value.detail or "")
    assert "later date" in (failure.value.hint or "")


def test_only_a_lock_that_is_there_will_do(bench: Bench, channel: Channel) -> None:
    with pytest.raises(EnvironmentFailed, match="ships no lock"):
        bench.lock(asking("clock"), locked=True)

    assert channel.asked == []


def test_another_python_may_be_wished(bench: Bench) -> None:
    with pytest.raises(EnvironmentFailed) as failure:
        bench.lock(asking("python=3", "clock"), python="2.7")

    assert "python 2.7.*" in (failure.value.detail or "")
    assert bench.lock(asking("python=2.7", "clock"), python=">=3").python == PYTHON


def test_a_path_is_no_python_of_condas(bench: Bench) -> None:
    with pytest.raises(EnvironmentFailed, match="/usr/bin/python3 cannot be the Python"):
        bench.lock(asking("clock"), python="/usr/bin/python3")


def test_a_platform_that_there_is_not_is_told(bench: Bench) -> None:
    asked = partial(resolve, asking("tuned"), directory=bench.directory, settings=bench.settings)

    with pytest.raises(EnvironmentFailed, match="there is no such platform") as failure:
        asked(phase=Phase("environment"), wishes=Wishes(), platforms=("foo-64",))

    assert "foo" in (failure.value.detail or "")
    assert "linux-aarch64" in (failure.value.hint or "")


def test_a_contradiction_is_shown_as_the_solvers_tree(bench: Bench) -> None:
    with pytest.raises(EnvironmentFailed, match="cannot be had together") as failure:
        bench.lock(asking("antique", "clock>=2"))

    tree = failure.value.detail or ""
    assert "└─ antique 1.0 would require\n   └─ clock <2, for which no candidates were found" in tree


def test_a_package_that_is_not_there_is_named(bench: Bench) -> None:
    with pytest.raises(EnvironmentFailed) as failure:
        bench.lock(asking("nowhere-to-be-found"))

    assert "No candidates were found for nowhere-to-be-found" in (failure.value.detail or "")


def test_a_package_that_is_none_is_refused(bench: Bench) -> None:
    with pytest.raises(EnvironmentFailed, match="not written as conda understands it"):
        bench.lock(asking("clock=[3"))


def test_a_channel_that_is_not_there_is_named(bench: Bench, channel: Channel) -> None:
    with pytest.raises(EnvironmentFailed, match="a channel cannot be read") as failure:
        bench.lock(asking("clock", channels=("nochannel",)))

    assert f"{channel.address}/nochannel/" in (failure.value.detail or "")


def test_a_channel_that_cannot_be_reached_is_said_so(bench: Bench) -> None:
    with pytest.raises(EnvironmentFailed) as failure:
        bench.lock(asking("clock", channels=("http://127.0.0.1:9/channel",)))

    assert "cannot be reached" in (failure.value.hint or "")


class TestChannels:
    """Several, weighed as conda weighs them."""

    def test_the_first_one_that_has_a_package_counts(self, bench: Bench) -> None:
        lock = bench.lock(asking("clock", channels=("conda-forge", "other", "nodefaults")))

        assert versions(lock.text)["clock"] == "3.0"

    def test_a_package_may_say_its_channel(self, bench: Bench, channel: Channel) -> None:
        lock = bench.lock(asking("other::clock"))

        assert versions(lock.text)["clock"] == "9.0"
        assert f"{channel.address}/other/noarch/clock-9.0" in lock.text

    def test_a_lower_one_helps_out_where_a_higher_one_cannot(self, bench: Bench) -> None:
        lock = bench.lock(asking("elsewhere", channels=("conda-forge", "other")))

        assert versions(lock.text)["clock"] == "9.0"

    def test_but_not_where_a_person_is_strict(self, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("CONDA_CHANNEL_PRIORITY", "strict")

        with pytest.raises(EnvironmentFailed) as failure:
            bench.lock(asking("elsewhere", channels=("conda-forge", "other")))

        assert "due to strict channel priority" in (failure.value.detail or "")

    def test_a_directory_is_a_channel(self, bench: Bench, channel: Channel) -> None:
        (bench.directory / "packages").symlink_to(channel.directory)

        lock = bench.lock(asking("clock", channels=("./packages",)))

        assert f"url: {channel.directory.as_uri()}/noarch/clock-3.0" in lock.text
        assert "packages of the channel ./packages by where they lie now" in "".join(lock.notices)
        assert not bench.lock(asking("clock")).notices


def test_a_lock_may_be_for_other_platforms_too(bench: Bench) -> None:
    lock = resolve(
        asking("tuned"),
        directory=bench.directory,
        settings=bench.settings,
        phase=Phase("environment"),
        wishes=Wishes(),
        platforms=("linux-aarch64", "osx-arm64"),
    )

    assert yaml.safe_load(lock.text)["metadata"]["platforms"] == ["linux-64", "linux-aarch64", "osx-arm64"]
    assert lock.packages == 1


class TestOffline:
    @pytest.fixture(autouse=True)
    def offline(self, bench: Bench, monkeypatch: pytest.MonkeyPatch, channel: Channel) -> None:
        bench.lock(asking("greet"))
        monkeypatch.setenv("RUNNER_OFFLINE", "1")
        channel.asked.clear()

    def test_what_the_channel_has_told_before_is_enough(self, bench: Bench, channel: Channel) -> None:
        assert versions(bench.lock(asking("greet"), anew=True).text)["greet"] == "1.0"
        assert channel.asked == []

    def test_an_unknown_channel_is_not_asked(self, bench: Bench, channel: Channel) -> None:
        with pytest.raises(EnvironmentFailed, match="cannot be read") as failure:
            bench.lock(asking("greet", channels=("other",)))

        assert "RUNNER_OFFLINE is set" in (failure.value.hint or "")
        assert channel.asked == []


def kept(bench: Bench) -> bytes:
    """Everything that is kept on disk."""
    files = [path for path in bench.settings.home.rglob("*") if path.is_file() and not path.is_symlink()]
    return b"".join(path.read_bytes() for path in files)


class TestLogins:
    """Used for requests, and kept nowhere."""

    def with_login(self, channel: Channel) -> str:
        return channel.url.replace("://", f"://{':'.join(LOGIN)}@")

    def with_token(self, channel: Channel) -> str:
        return f"{channel.address}/t/{TOKEN}/conda-forge"

    @pytest.mark.parametrize("way", [with_login, with_token])
    def test_in_the_project(self, bench: Bench, private_conda_channel: Channel, way: object) -> None:
        assert callable(way)
        spec = asking("tuned", channels=(way(self, private_conda_channel),))

        environment = bench.build(spec)

        assert (environment.path or Path()).joinpath("share/tuned").is_dir()
        assert b"secret-of-the-channel" not in kept(bench)
        assert "secret-of-the-channel" not in "".join(bench.said)

    def test_in_front_of_a_package(self, bench: Bench, private_conda_channel: Channel) -> None:
        spec = asking(f"{self.with_login(private_conda_channel)}::tuned", channels=("other",))

        environment = bench.build(spec)

        assert (environment.path or Path()).joinpath("share/tuned").is_dir()
        assert b"secret-of-the-channel" not in kept(bench)

    def test_in_variables_of_the_person(
        self, bench: Bench, private_conda_channel: Channel, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("CHANNEL_USER", LOGIN[0])
        monkeypatch.setenv("CHANNEL_PASSWORD", LOGIN[1])
        url = private_conda_channel.url.replace("://", "://${CHANNEL_USER}:$CHANNEL_PASSWORD@")

        lock = bench.lock(asking("tuned", channels=(url,)))

        assert versions(lock.text) == {"tuned": "1.0"}
        assert b"secret-of-the-channel" not in kept(bench)

    def test_in_the_persons_configuration(
        self, bench: Bench, person: Path, private_conda_channel: Channel, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("CONDA_CHANNEL_ALIAS")
        alias = private_conda_channel.address.replace("://", f"://{':'.join(LOGIN)}@")
        (person / ".condarc").write_text(json.dumps({"channel_alias": alias}))

        bench.build(asking("tuned"))

        assert b"secret-of-the-channel" not in kept(bench)

    def test_in_netrc(self, bench: Bench, person: Path, private_conda_channel: Channel) -> None:
        (person / ".netrc").write_text(f"machine 127.0.0.1 login {LOGIN[0]} password {LOGIN[1]}\n")
        (person / ".netrc").chmod(0o600)

        bench.build(asking("tuned", channels=(private_conda_channel.url,)))

        assert b"secret-of-the-channel" not in kept(bench)

    def test_a_wrong_one_is_refused_without_being_shown(
        self, bench: Bench, private_conda_channel: Channel
    ) -> None:
        url = private_conda_channel.url.replace("://", "://me:wrong-secret@")

        with pytest.raises(EnvironmentFailed) as failure:
            bench.lock(asking("tuned", channels=(url,)))

        assert "wants a login" in (failure.value.hint or "")
        assert "wrong-secret" not in f"{failure.value} {failure.value.detail} {failure.value.hint}"

    def test_another_password_is_no_other_resolution(
        self, bench: Bench, private_conda_channel: Channel
    ) -> None:
        bench.lock(asking("tuned", channels=(self.with_login(private_conda_channel),)))
        changed = private_conda_channel.url.replace("://", "://me:another@")

        assert bench.lock(asking("tuned", channels=(changed,))).origin == "cached"

    def test_they_are_sent_to_their_channel_only(
        self, bench: Bench, channel: Channel, private_conda_channel: Channel
    ) -> None:
        channel.logins.clear()

        bench.lock(asking("tuned", channels=("other", self.with_login(private_conda_channel))))

        assert channel.logins == {""}

    def test_another_port_of_the_host_gets_none(
        self, bench: Bench, channel: Channel, private_conda_channel: Channel
    ) -> None:
        spec = asking("tuned", channels=(self.with_login(private_conda_channel),))
        lock = bench.lock(spec)
        channel.logins.clear()

        with pytest.raises(EnvironmentFailed, match="would get the login of") as failure:
            bench.prepare(changed(lock, private_conda_channel.address, channel.address), spec)

        assert f"{channel.url}/noarch/tuned-1.0-0.conda" in str(failure.value)
        assert "secret" not in str(failure.value)
        assert channel.logins == set()
        with pytest.raises(EnvironmentFailed, match="would get the login of"):
            bench.lock(replace(spec, channels=(channel.url, *spec.channels)))


def test_another_graphics_card_is_another_resolution(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    driver = tmp_path / "version"
    monkeypatch.setattr(machine, "DRIVER", driver)
    bench.lock(asking("tuned"))
    driver.write_text("NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.15\n")

    assert bench.lock(asking("tuned")).origin == "resolved"
    assert bench.lock(asking("tuned")).origin == "cached"


def test_the_machine_is_part_of_the_question(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.lock(asking("tuned"))
    monkeypatch.setenv("CONDA_OVERRIDE_CUDA", "12.0")

    assert bench.lock(asking("tuned")).origin == "resolved"
    assert os.environ["CONDA_OVERRIDE_CUDA"] == "12.0"
