"""`build: Dockerfile`: built by a real engine, once for equal inputs."""

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import pytest

from runner.environments import Environment, Wishes
from runner.environments.images import dockerfile
from runner.errors import EnvironmentFailed
from runner.project.model import Build, DockerEnv
from tests.environments.images.conftest import Yard
from tests.services.docker import Daemon
from tests.services.registry import Registry

FROM = "FROM tests/python:1\n"
PLAIN = DockerEnv(build=Build())


def content(engine: Daemon, environment: Environment, path: str) -> str:
    shown = engine.client.containers.run(environment.image, ["cat", path], remove=True, network_mode="none")
    return str(shown.decode())


def project(yard: Yard, text: str, **files: str) -> None:
    yard.write({"Dockerfile": text, **{name.replace("_", "."): content for name, content in files.items()}})


def test_an_image_is_built_from_the_project(yard: Yard, engine: Daemon) -> None:
    project(yard, FROM + "COPY data.txt /data.txt\nRUN echo made >> /data.txt\n", data_txt="mine\n")

    environment = yard.have(PLAIN)

    assert content(engine, environment, "/data.txt") == "mine\nmade\n"
    assert not environment.reused
    assert (yard.phase.summary.split(" (")[0], yard.phase.detail) == ("docker, Dockerfile", "built")
    assert any(text.startswith("COPY data.txt") for text in yard.said)


def test_the_lock_tells_the_base_images(yard: Yard, engine: Daemon) -> None:
    project(yard, FROM)

    lock = yard.resolve(PLAIN)

    build = json.loads(lock.text)["build"]
    assert [base["id"] for base in build["bases"]] == [engine.client.images.get(engine.image).id]
    assert not lock.pinned


def test_what_has_not_changed_is_not_built_again(yard: Yard) -> None:
    project(yard, FROM + "RUN head -c 8 /dev/urandom > /random\n")
    first = yard.have(PLAIN)

    second = yard.have(PLAIN)

    assert second.image == first.image
    assert second.reused
    assert yard.phase.detail == "cached"


def test_of_many_at_once_one_builds(yard: Yard) -> None:
    project(yard, FROM + "RUN head -c 8 /dev/urandom > /random\n")
    lock = yard.resolve(PLAIN)
    yards = [Yard(yard.directory) for _ in range(3)]

    with ThreadPoolExecutor() as pool:
        environments = list(pool.map(lambda each: each.prepare(lock, PLAIN), yards))

    assert len({environment.image for environment in environments}) == 1
    assert sorted(each.phase.detail for each in yards).count("built") == 1


@pytest.mark.parametrize(
    ("files", "spec"),
    [
        ({"Dockerfile": FROM + "COPY . /p\nLABEL a=b\n"}, PLAIN),
        ({"data.txt": "other"}, PLAIN),
        ({}, DockerEnv(build=Build(args=(("A", "2"),)))),
        ({}, DockerEnv(build=Build(target="one"))),
    ],
    ids=["Dockerfile", "context", "arguments", "target"],
)
def test_what_has_changed_is_built_again(yard: Yard, files: Mapping[str, str], spec: DockerEnv) -> None:
    project(
        yard, "FROM tests/python:1 AS one\nFROM one\nARG A=1\nCOPY . /p\nRUN echo $A > /a\n", data_txt="one"
    )
    first = yard.have(PLAIN)
    yard.write(files)

    second = yard.have(spec)

    assert second.key != first.key
    assert second.image != first.image


def test_a_base_image_that_has_changed_is_built_upon_again(yard: Yard, engine: Daemon) -> None:
    engine.client.images.get(engine.image).tag("base:1")
    project(yard, "FROM base:1\nLABEL a=b\n")
    first = yard.have(PLAIN)
    engine.tiny("base:1", "other")

    assert yard.have(PLAIN).key != first.key


def test_what_is_ignored_changes_nothing_and_is_not_sent(yard: Yard, engine: Daemon) -> None:
    project(yard, FROM + "COPY . /p\nRUN ls -a /p > /listed\n", data_txt="x")
    yard.write({".dockerignore": "# secrets\n*.key\nbig/\n!keep.key\n", "a.key": "1", "keep.key": "2"})
    yard.write({"big/file": "1"})
    first = yard.have(PLAIN)
    yard.write({"a.key": "changed", "big/file": "changed"})

    assert yard.have(PLAIN).image == first.image
    listed = content(engine, first, "/listed").split()
    assert "keep.key" in listed
    assert not {"a.key", "big"} & set(listed)


def test_a_dockerfile_in_another_directory_than_its_context(yard: Yard, engine: Daemon) -> None:
    yard.write({"docker/gpu": FROM + "ARG WHO\nCOPY name /\nRUN echo $WHO >> /name\n", "src/name": "hello\n"})
    spec = DockerEnv(build=Build(dockerfile="docker/gpu", context="src", args=(("WHO", "world"),)))

    assert content(engine, yard.have(spec), "/name") == "hello\nworld\n"


def test_a_step_that_fails_shows_its_last_lines(yard: Yard) -> None:
    project(yard, FROM + "RUN echo this is why; false\n")

    with pytest.raises(EnvironmentFailed) as caught:
        yard.have(PLAIN)

    assert "Dockerfile cannot be built: RUN echo this is why; false" in str(caught.value)
    assert str(caught.value.detail).startswith("this is why\n")
    assert "non-zero code: 1" in str(caught.value.detail)


def test_a_dockerfile_that_is_none_is_told(yard: Yard) -> None:
    project(yard, FROM + "RUNN x\n")

    with pytest.raises(EnvironmentFailed, match="unknown instruction: RUNN"):
        yard.have(PLAIN)


def test_nothing_is_left_of_a_build_that_failed(yard: Yard, engine: Daemon) -> None:
    project(yard, FROM + "RUN false\n")

    with pytest.raises(EnvironmentFailed):
        yard.have(PLAIN)

    assert engine.containers() == []
    assert engine.client.images.list(filters={"label": "runner.image"}) == []


def test_a_link_out_of_the_project_is_not_followed(yard: Yard, engine: Daemon) -> None:
    project(
        yard, FROM + "COPY . /p\nRUN if [ -e /p/link ]; then echo there; else echo dangling; fi > /told\n"
    )
    (yard.directory / "link").symlink_to("/nowhere/of-somebody-else")
    (yard.directory / "passwords").symlink_to("/etc/shadow")

    environment = yard.have(PLAIN)

    assert content(engine, environment, "/told") == "dangling\n"
    assert engine.client.images.get(environment.image).attrs["Size"] < 10**9


def test_a_dockerfile_is_no_lock(yard: Yard) -> None:
    project(yard, FROM)

    with pytest.raises(EnvironmentFailed, match="Dockerfile is no lock"):
        yard.resolve(PLAIN, Wishes(locked=True))


def test_a_context_that_has_changed_since_it_was_locked_is_not_built(yard: Yard) -> None:
    project(yard, FROM + "COPY data.txt /\n", data_txt="then")
    lock = yard.resolve(PLAIN)
    yard.write({"data.txt": "now"})

    with pytest.raises(EnvironmentFailed, match="is not what was locked"):
        yard.prepare(lock, PLAIN)


def test_a_base_image_is_pulled_with_the_lock(yard: Yard, engine: Daemon, image_registry: Registry) -> None:
    engine.tiny("tests/tiny:1", "base of a build")
    digest = image_registry.push(engine.client, "tests/tiny:1", "base")
    engine.clear()
    project(yard, f"FROM {image_registry.name('base')}\nCOPY Dockerfile /\n")

    lock = yard.resolve(PLAIN)

    (base,) = json.loads(lock.text)["build"]["bases"]
    assert base["digest"] == f"{image_registry.address}/base@{digest}"
    assert yard.prepare(lock, PLAIN).image


@pytest.mark.parametrize(
    ("text", "args", "bases"),
    [
        ("FROM a:1", {}, ("a:1",)),
        ("# c\nARG V=3\nFROM python:${V} AS one\nFROM one\n", {}, ("python:3",)),
        ("ARG V=3\nFROM python:$V", {"V": "4"}, ("python:4",)),
        ("ARG V\nFROM python:${V:-5}", {}, ("python:5",)),
        ('ARG R="x.org"\nARG I=${R}/i\nFROM --platform=linux/amd64 $I:1 as b', {}, ("x.org/i:1",)),
        ("FROM scratch\nFROM \\\n  b:2\nFROM b:2", {}, ("b:2",)),
        ("# escape=`\nFROM `\n  b:2", {}, ("b:2",)),
        ("FROM a:1 AS x\nARG V=9\nFROM b$V", {}, ("a:1", "b")),
        ("ARG A=x B='y' C\nFROM $A/$B:$C", {"C": "1"}, ("x/y:1",)),
        ("FROM scratch\nARG V=9\nFROM b$V", {}, ("b",)),
        ("FROM a:1 AS One\nFROM b:1\nCOPY --chown=1 --from=one /x /\nCOPY --from=0 /x /", {}, ("a:1", "b:1")),
        ("FROM a:1\nCOPY --from=c:1 --chown=1 /x /\nCopy --from=d /x /", {}, ("a:1", "c:1", "d")),
    ],
)
def test_the_images_that_a_dockerfile_needs_are_found(
    text: str, args: dict[str, str], bases: tuple[str, ...]
) -> None:
    assert dockerfile.bases(text, args) == bases


def test_a_base_image_whose_argument_has_no_value_is_told_with_its_place(yard: Yard) -> None:
    project(yard, "ARG B\n\nFROM $B\n")

    with pytest.raises(EnvironmentFailed, match=r"Dockerfile:3: '\$B'.* is no name of an image") as caught:
        yard.resolve(PLAIN)

    assert "args" in str(caught.value.hint)


def test_an_image_from_which_files_are_copied_is_locked_too(yard: Yard, engine: Daemon) -> None:
    engine.tiny("tests/tiny:1", "one")
    project(yard, f"{FROM}COPY --from=tests/tiny:1 /content /\n")
    first = yard.have(PLAIN)
    engine.tiny("tests/tiny:1", "two")

    second = yard.have(PLAIN)

    assert (content(engine, first, "/content"), content(engine, second, "/content")) == ("one", "two")


def test_a_pattern_that_is_none_is_told(yard: Yard) -> None:
    project(yard, FROM)
    yard.write({".dockerignore": "[z-a]\n"})

    with pytest.raises(EnvironmentFailed, match=r"\.dockerignore has a pattern that is none"):
        yard.resolve(PLAIN)
