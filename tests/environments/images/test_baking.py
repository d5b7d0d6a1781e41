"""The project's code in an image, and getting rid of images of ours."""

import io
import json
import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from runner.environments import Environment
from runner.environments.images import baking
from runner.environments.images.baking import repository_name
from runner.environments.images.collecting import collect, listed
from runner.errors import EnvironmentFailed
from runner.project.model import Build, DockerEnv
from tests.environments.images.conftest import Yard
from tests.services.docker import Daemon


def bake(
    yard: Yard, engine: Daemon, *, name: str = "demo", commit: str | None = None, owner: str | None = None
) -> Environment:
    base = yard.have(DockerEnv(image=engine.image))
    return baking.bake(
        base, yard.directory, name=name, commit=commit, owner=owner, settings=yard.settings, phase=yard.phase
    )


def said(engine: Daemon, environment: Environment, command: str, user: str = "0:0") -> str:
    argv = ["bash", "-c", command]
    shown = engine.client.containers.run(environment.image, argv, remove=True, network_mode="none", user=user)
    return str(shown.decode().strip())


def test_the_code_is_in_the_image_where_the_program_starts(yard: Yard, engine: Daemon) -> None:
    yard.write({"train.py": "print('trained')", "src/a.py": "", ".dockerignore": "*.csv", "data.csv": "1"})

    baked = bake(yard, engine)

    assert said(engine, baked, "pwd; python train.py; ls src; ls -A").split() == [
        "/mlflow/projects/code",
        "trained",
        "a.py",
        ".dockerignore",
        "src",
        "train.py",
    ]


def test_the_records_of_git_are_not_in_the_image_and_change_nothing(yard: Yard, engine: Daemon) -> None:
    yard.write({"train.py": "", ".git/config": "url = https://ada:secret@host/x", "sub/.git": "gitdir: x"})
    first = bake(yard, engine)
    yard.write({".git/index": "changed"})

    second = bake(yard, engine)

    assert second.image == first.image
    assert said(engine, first, "ls -A . sub").split() == [".:", "sub", "train.py", "sub:"]


def test_the_code_may_belong_to_who_runs_it(yard: Yard, engine: Daemon) -> None:
    yard.write({"train.py": ""})

    baked = bake(yard, engine, owner="1234:1234")

    assert said(engine, baked, "touch out && stat -c %u out train.py", user="1234:1234") == "1234\n1234"


def test_the_same_code_is_not_copied_twice(yard: Yard, engine: Daemon) -> None:
    yard.write({"train.py": "1"})
    first = bake(yard, engine)

    second = bake(yard, engine)

    assert second.image == first.image
    assert second.reused
    assert yard.phase.detail == "cached"


def test_an_image_of_older_code_goes_when_nobody_used_it_for_a_day(yard: Yard, engine: Daemon) -> None:
    codes = []
    for text in ("1", "2", "3"):
        yard.write({"train.py": text})
        codes.append(bake(yard, engine))
        _age(yard, codes[0], days=2)

    names = {image.id: image.tags for image in engine.client.images.list()}
    assert codes[0].image not in names
    assert [tag.split(":")[0] for tag in names[codes[1].image]] == ["runner-code"]  # another run may need it
    assert "runner-project/demo:latest" in names[codes[2].image]


def test_the_name_goes_to_the_code_of_the_last_run(yard: Yard, engine: Daemon) -> None:
    codes = []
    for text in ("1", "2", "1"):
        yard.write({"train.py": text})
        codes.append(bake(yard, engine).image)

    assert engine.client.images.get("runner-project/demo:latest").id == codes[0] == codes[2]


def test_runs_of_other_code_at_the_same_time_leave_each_other_alone(yard: Yard, engine: Daemon) -> None:
    yards = [Yard(yard.directory.with_name(f"project-{number}")) for number in range(4)]
    for each in yards:
        each.write({"train.py": each.directory.name})

    with ThreadPoolExecutor() as pool:
        baked = list(pool.map(lambda each: bake(each, engine), yards))

    assert all(engine.client.images.get(environment.image) for environment in baked)


def test_the_name_tells_project_and_commit(yard: Yard, engine: Daemon) -> None:
    yard.write({"train.py": "1"})

    baked = bake(yard, engine, name="My Project!", commit="0123456789abcdef")

    tags = engine.client.images.get(baked.image).tags
    assert [tag for tag in tags if "project" in tag] == ["runner-project/my-project:0123456"]


def test_a_program_of_this_machine_has_no_image(yard: Yard) -> None:
    with pytest.raises(EnvironmentFailed, match="does not run in a container"):
        baking.bake(
            Environment(kind="system"),
            yard.directory,
            name=None,
            commit=None,
            settings=yard.settings,
            phase=yard.phase,
        )


@pytest.mark.parametrize(
    ("name", "repository"),
    [
        (None, "project"),
        ("", "project"),
        ("demo", "demo"),
        ("My Project", "my-project"),
        ("sklearn_elasticnet", "sklearn_elasticnet"),
        ("a//b..c__d", "a-b.c_d"),
        ("-_x_-", "x"),
        ("Größe", "gr-e"),
        ("日本", "project"),
        ("x" * 300, "x" * 100),
    ],
)
def test_any_name_of_a_project_becomes_one_of_an_image(name: str | None, repository: str) -> None:
    assert repository_name(name) == repository


def make(yard: Yard, text: str) -> Environment:
    yard.write({"Dockerfile": text})
    return yard.have(DockerEnv(build=Build()))


def test_images_that_nobody_used_for_long_are_collected(yard: Yard, engine: Daemon) -> None:
    old, new = (make(yard, f"FROM tests/python:1\nCOPY Dockerfile /{name}\n") for name in ("old", "new"))
    _age(yard, old, days=40)

    would = collect(yard.settings, older_than=30, dry_run=True)
    gone = collect(yard.settings, older_than=30)

    assert would == gone
    ((name, size),) = gone
    assert name.startswith("runner-build:")
    assert size > 1_000_000
    left = {image.id for image in engine.client.images.list()}
    assert old.image not in left
    assert new.image in left
    assert [item.id for item in listed(yard.settings)] == [new.image]


def test_use_keeps_an_image(yard: Yard) -> None:
    environment = make(yard, "FROM tests/python:1\nLABEL a=b\n")
    _age(yard, environment, days=40)
    make(yard, "FROM tests/python:1\nLABEL a=b\n")

    assert collect(yard.settings, older_than=30) == []


def test_what_is_remembered_of_images_that_are_gone_is_forgotten(yard: Yard, engine: Daemon) -> None:
    known = yard.settings.cache / "images"
    left = make(yard, "FROM tests/python:1\nLABEL a=b\n")
    old, young = known / "interior-old.json", known / "interior-young.json"
    for path in (old, young, known / "gone.lock"):
        path.write_text("{}")
    for path in (old, known / "gone.lock"):
        os.utime(path, (0, 0))

    collect(yard.settings, older_than=30)

    assert {path.name for path in known.iterdir()} == {f"{left.key}.json", f"{left.key}.lock", young.name}


def test_images_of_others_stay(yard: Yard, engine: Daemon) -> None:
    engine.tiny("theirs:1")

    assert collect(yard.settings, older_than=0) == []
    assert engine.client.images.get("theirs:1")


def test_an_image_made_of_ours_is_theirs(yard: Yard, engine: Daemon) -> None:
    ours = make(yard, "FROM tests/python:1\nLABEL a=b\n")
    _derive(engine, ours.image, "theirs:1", "LABEL c=d")
    (yard.settings.cache / "images" / f"{ours.key}.json").unlink()  # by whatever name it is found

    again = make(yard, "FROM tests/python:1\nLABEL a=b\n")
    collect(yard.settings, older_than=0)

    assert again.image == ours.image
    assert engine.client.images.get("theirs:1")
    assert [item.id for item in listed(yard.settings)] == []


def test_a_label_alone_makes_no_image_ours(yard: Yard, engine: Daemon) -> None:
    text = "FROM tests/python:1\nLABEL a=b\n"
    key = make(yard, text).key
    engine.clear()
    poisoned = _derive(engine, engine.image, "poison:1", f"LABEL runner.image=build:{key}")

    assert make(yard, text).image != poisoned


def test_an_image_to_which_somebody_gave_a_name_stays(yard: Yard, engine: Daemon) -> None:
    environment = make(yard, "FROM tests/python:1\nLABEL a=b\n")
    engine.client.images.get(environment.image).tag("mine:1")
    _age(yard, environment, days=40)

    assert collect(yard.settings, older_than=30) == []
    assert engine.client.images.get("mine:1").id == environment.image


def test_an_image_of_a_running_container_stays(yard: Yard, engine: Daemon) -> None:
    environment = make(yard, "FROM tests/python:1\nLABEL a=b\n")
    engine.client.containers.create(environment.image)
    _age(yard, environment, days=40)

    assert collect(yard.settings, older_than=30) == []


def test_a_container_that_a_killed_builder_has_left_goes(
    yard: Yard, engine: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.client.containers.create(engine.image, labels={"runner.image": ""}, name="left")
    collect(yard.settings)
    young = engine.containers()
    monkeypatch.setattr("runner.environments.images.collecting._LONGEST_BUILD", -60.0)

    collect(yard.settings)

    assert (young, engine.containers()) == (["left"], [])


def test_without_an_engine_there_is_nothing_to_collect(
    yard: Yard, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("DOCKER_HOST")
    monkeypatch.setattr("runner.containers.engine.SOCKETS", (str(tmp_path / "none"),))

    assert collect(yard.settings, older_than=0) == []


def _derive(engine: Daemon, base: str | None, name: str, instruction: str) -> str:
    text = io.BytesIO(f"FROM {base}\n{instruction}\n".encode())
    made, _ = engine.client.images.build(fileobj=text, tag=name, rm=True)
    return str(made.id)


def _age(yard: Yard, environment: Environment, *, days: int) -> None:
    then = time.time() - days * 86400
    for path in (yard.settings.cache / "images").glob("*.json"):
        if json.loads(path.read_text())["id"] == environment.image:
            os.utime(path, (then, then))
