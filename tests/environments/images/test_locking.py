"""From the name of an image to a lock, and from the lock back to the image, against a real engine and real registries."""

import json
import os
import stat
import warnings
from pathlib import Path

import pytest

from runner.environments import Wishes
from runner.errors import EnvironmentFailed, UsageError
from runner.project.model import DockerEnv
from tests.environments.images.conftest import Yard
from tests.services.docker import Daemon
from tests.services.registry import Registry


def test_an_image_of_this_machine_is_locked_by_its_id(yard: Yard, engine: Daemon) -> None:
    lock = yard.resolve(engine.image)

    document = json.loads(lock.text)
    image = document["image"]
    assert (lock.kind, lock.origin, document["version"]) == ("image", "resolved", 1)
    assert image["reference"] == engine.image
    assert image["id"] == engine.client.images.get(engine.image).id
    assert image["platform"].startswith("linux/")


def test_nobody_else_can_have_an_image_that_no_registry_has(yard: Yard, engine: Daemon) -> None:
    lock = yard.resolve(engine.image)

    assert not lock.pinned
    assert json.loads(lock.text)["image"]["digest"] is None
    assert "no registry has it" in lock.notices[0]


def test_an_image_that_is_not_here_is_pulled_and_locked_by_digest(
    yard: Yard, engine: Daemon, image_registry: Registry
) -> None:
    engine.tiny("tests/tiny:1", "pulled")
    digest = image_registry.push(engine.client, "tests/tiny:1", "pulled")
    engine.clear()

    lock = yard.resolve(image_registry.name("pulled"))

    assert lock.pinned
    assert lock.notices == ()
    assert json.loads(lock.text)["image"]["digest"] == f"{image_registry.address}/pulled@{digest}"
    assert any("1 of 1 layers" in text for text in yard.said)


def test_equal_images_make_equal_locks(yard: Yard, engine: Daemon) -> None:
    assert yard.resolve(engine.image).text == yard.resolve(engine.image).text


def test_a_lock_is_enough_to_have_the_image_again(
    yard: Yard, engine: Daemon, image_registry: Registry
) -> None:
    identifier = engine.tiny("tests/tiny:1", "again")
    image_registry.push(engine.client, "tests/tiny:1", "again")
    engine.clear()
    lock = yard.resolve(image_registry.name("again"))
    engine.clear()

    environment = yard.prepare(lock)

    assert (environment.kind, environment.image) == ("docker", identifier)
    assert not environment.reused
    assert yard.phase.detail == "pulled"
    assert yard.prepare(lock).reused


def test_a_tag_that_has_moved_is_not_followed_until_somebody_asks(
    yard: Yard, engine: Daemon, image_registry: Registry
) -> None:
    name = image_registry.name("moving")
    first = engine.tiny("tests/tiny:1", "first")
    image_registry.push(engine.client, "tests/tiny:1", "moving")
    engine.clear()
    before = yard.resolve(name)
    second = engine.tiny("tests/tiny:1", "second")
    image_registry.push(engine.client, "tests/tiny:1", "moving", "2")
    image_registry.move("moving", "1", to="2")

    unasked, asked = yard.resolve(name), yard.resolve(name, Wishes(anew=True))

    assert unasked == before
    assert yard.prepare(unasked).image == first
    assert yard.prepare(asked).image == second
    assert asked.digest != before.digest


def test_relocking_an_image_of_this_machine_only_takes_it_as_it_is(yard: Yard, engine: Daemon) -> None:
    assert yard.resolve(engine.image, Wishes(anew=True)) == yard.resolve(engine.image)


def test_an_image_may_be_named_by_digest(yard: Yard, engine: Daemon, image_registry: Registry) -> None:
    identifier = engine.tiny("tests/tiny:1", "digest")
    digest = image_registry.push(engine.client, "tests/tiny:1", "pinned")
    engine.clear()
    name = f"{image_registry.address}/pinned@{digest}"

    lock = yard.resolve(name, Wishes(locked=True))

    assert json.loads(lock.text)["image"]["digest"] == name
    assert yard.prepare(lock).image == identifier


def test_a_tag_is_no_lock(yard: Yard, engine: Daemon) -> None:
    with pytest.raises(EnvironmentFailed, match="is no lock") as caught:
        yard.resolve(engine.image, Wishes(locked=True))

    assert "image@sha256:" in str(caught.value.hint)


def test_the_lock_of_a_run_may_lie_beside_the_project(
    yard: Yard, engine: Daemon, image_registry: Registry
) -> None:
    engine.tiny("tests/tiny:1", "shipped")
    image_registry.push(engine.client, "tests/tiny:1", "shipped")
    engine.clear()
    name = image_registry.name("shipped")
    before = yard.resolve(name)
    engine.clear()
    yard.write({"image-lock.json": before.text})

    lock = yard.resolve(name, Wishes(locked=True))

    assert (lock.text, lock.origin) == (before.text, "image-lock.json")
    assert engine.client.images.list(name=name) == []


def test_a_lock_beside_the_project_for_another_image_is_out_of_date(yard: Yard, engine: Daemon) -> None:
    yard.write({"image-lock.json": yard.resolve(engine.image).text})

    with pytest.raises(
        EnvironmentFailed, match=r"image-lock.json is out of date: it is not for image other:1"
    ):
        yard.resolve("other:1")


@pytest.mark.parametrize(
    "text",
    [
        "nothing",
        "{}",
        "[]",
        '{"version": 1, "image": {"reference": "a"}}',
        '{"version": 1, "image": {"reference": "a", "id": "../x", "digest": null, "platform": "", "created": ""}}',
        '{"version": 1, "image": []}',
        '{"version": 1, "inside": {"kind": 1}}',
        '{"version": 2}',
        "[" * 100000,
    ],
)
def test_what_is_no_lock_is_refused(yard: Yard, text: str) -> None:
    yard.write({"image-lock.json": text})

    with pytest.raises(EnvironmentFailed, match=r"image-lock.json") as caught:
        yard.resolve("a")

    assert "list indices" not in str(caught.value)


def test_an_image_that_is_gone_and_that_nobody_has_is_told(yard: Yard, engine: Daemon) -> None:
    engine.tiny("tests/tiny:1", "gone")
    lock = yard.resolve("tests/tiny:1")
    engine.clear()

    with pytest.raises(EnvironmentFailed, match="which no registry knew") as caught:
        yard.prepare(lock)

    assert "docker save" in str(caught.value.hint)


def test_an_image_that_does_not_exist_is_told(yard: Yard, image_registry: Registry) -> None:
    with pytest.raises(EnvironmentFailed, match="there is no such image") as caught:
        yard.resolve(image_registry.name("nosuch"))

    assert caught.value.exit_code == 3


def test_a_registry_that_is_away_is_told(yard: Yard) -> None:
    with pytest.raises(EnvironmentFailed, match="the registry cannot be reached"):
        yard.resolve("127.0.0.1:1/some/image:1")


@pytest.mark.parametrize("name", ["Upper/Case", "a b", "-x", "../etc", "", "a@sha256:12", "http://x/y"])
def test_what_is_no_name_of_an_image_is_refused(yard: Yard, name: str) -> None:
    with pytest.raises(EnvironmentFailed, match="no name of an image"):
        yard.resolve(name)


def test_without_the_network_nothing_is_pulled(yard: Yard, image_registry: Registry) -> None:
    yard.offline = True

    with pytest.raises(EnvironmentFailed, match="RUNNER_OFFLINE is set"):
        yard.resolve(image_registry.name("any"))


def test_the_python_of_an_image_is_its_own(yard: Yard, engine: Daemon) -> None:
    with pytest.raises(UsageError, match="brings its own Python"):
        yard.resolve(engine.image, Wishes(python="3.12"))


def test_a_registry_has_no_past(yard: Yard, engine: Daemon) -> None:
    with pytest.raises(EnvironmentFailed, match="--as-of"):
        yard.resolve(engine.image, Wishes(as_of="2024-01-01T00:00:00Z"))


@pytest.fixture
def secret_image(engine: Daemon, private_registry: Registry) -> str:
    engine.tiny("tests/tiny:1", "secret")
    private_registry.push(engine.client, "tests/tiny:1", "secret")
    engine.clear()
    return private_registry.name("secret")


def test_a_private_registry_wants_a_login(yard: Yard, secret_image: str) -> None:
    with pytest.raises(EnvironmentFailed, match="the registry wants a login") as caught:
        yard.resolve(secret_image)

    assert "docker login" in str(caught.value.hint)


def test_the_login_of_the_docker_command_is_used(
    yard: Yard, secret_image: str, private_registry: Registry, tmp_path: Path
) -> None:
    private_registry.login(tmp_path / "docker")

    lock = yard.resolve(secret_image)

    assert lock.pinned
    assert private_registry.password not in lock.text


def test_a_wrong_password_is_told_and_not_shown(
    yard: Yard, secret_image: str, private_registry: Registry, tmp_path: Path
) -> None:
    Registry(private_registry.address, private_registry.process, "tester", "wrong guess").login(
        tmp_path / "docker"
    )

    with pytest.raises(EnvironmentFailed, match="the registry wants a login") as caught:
        yard.resolve(secret_image)

    assert "wrong guess" not in f"{caught.value} {caught.value.hint} {caught.value.detail}"


def test_a_credential_helper_is_asked(
    yard: Yard, secret_image: str, private_registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    helper = tmp_path / "bin/docker-credential-tests"
    helper.parent.mkdir()
    answer = json.dumps(
        {"ServerURL": "x", "Username": private_registry.user, "Secret": private_registry.password}
    )
    helper.write_text(f"#!/bin/sh\ncat >/dev/null\ncat <<'EOF'\n{answer}\nEOF\n")
    helper.chmod(helper.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{helper.parent}:{os.environ['PATH']}")
    (tmp_path / "docker").mkdir()
    (tmp_path / "docker/config.json").write_text(
        json.dumps({"credHelpers": {private_registry.address: "tests"}})
    )

    assert yard.resolve(secret_image).pinned


def test_a_credential_helper_that_is_missing_is_told_once(
    yard: Yard, private_registry: Registry, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "docker").mkdir()
    helpers = {"credHelpers": {private_registry.address: "none-of-tests"}}
    (tmp_path / "docker/config.json").write_text(json.dumps(helpers))

    with (
        warnings.catch_warnings(record=True) as warned,
        pytest.raises(EnvironmentFailed, match="the login cannot be read"),
    ):
        yard.resolve(private_registry.name("any"))

    assert warned == []


def test_the_login_may_be_in_a_variable_as_in_ci(
    yard: Yard,
    secret_image: str,
    private_registry: Registry,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    private_registry.login(tmp_path / "elsewhere")
    monkeypatch.setenv("DOCKER_AUTH_CONFIG", (tmp_path / "elsewhere/config.json").read_text())

    assert yard.resolve(secret_image).pinned


def test_a_variable_that_is_no_login_is_told(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_AUTH_CONFIG", "tester:open sesame")

    with pytest.raises(EnvironmentFailed, match="DOCKER_AUTH_CONFIG") as caught:
        yard.resolve("127.0.0.1:1/any:1")

    assert "open sesame" not in str(caught.value)


def test_a_project_that_names_an_image_has_no_other(yard: Yard) -> None:
    with pytest.raises(UsageError, match="--in-image b contradicts it"):
        yard.resolve(DockerEnv(image="a:1"), Wishes(image="b"))
