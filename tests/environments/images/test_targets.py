"""Packages are chosen for the Python and the C library of an image, whatever this machine has. No engine is needed."""

import os
from pathlib import Path

import pytest
from msgspec.structs import replace

from runner.containers.images import Image
from runner.environments import Lock, Wishes
from runner.environments.images.interior import _platform, refuse_other_machines
from runner.environments.model import Interpreter
from runner.environments.python import locking
from runner.environments.python.interpreters import running
from runner.environments.python.recipe import recipe
from runner.environments.python.tools import installer
from runner.errors import EnvironmentFailed
from runner.progress import Phase
from runner.project.model import PythonEnv
from runner.settings import Settings
from tests.environments.wheels import Index, wheel_bytes

SPEC = PythonEnv(requirements=("native",))
GLIBC = Interpreter(
    path=Path("/usr/bin/python3.13"), version="3.13.1", origin="image", platform="x86_64-manylinux_2_36"
)
MUSL = replace(GLIBC, platform="x86_64-unknown-linux-musl")
TAGS = (
    "cp311-cp311-manylinux_2_28_x86_64",
    "cp313-cp313-manylinux_2_28_x86_64",
    "cp313-cp313-manylinux_2_39_x86_64",
)


@pytest.fixture
def native(index: Index) -> Index:
    for tag in TAGS:
        content = wheel_bytes("native", "1.0", (), {f"{tag}.so": b""})
        (index.path / f"native-1.0-{tag}.whl").write_bytes(content)
    return index


def locked(directory: Path, there: Interpreter) -> Lock:
    return locking.resolve(
        SPEC,
        directory=directory,
        settings=Settings.from_environ(os.environ),
        phase=Phase("environment"),
        wishes=Wishes(),
        choose=lambda _: there,
    )


def test_wheels_are_those_of_the_images_python(native: Index, tmp_path: Path) -> None:
    settings, phase, prefix = Settings.from_environ(os.environ), Phase("environment"), tmp_path / "made"
    lock = replace(locked(tmp_path, GLIBC), interpreter=running())
    made = recipe(SPEC, lock, directory=tmp_path, settings=settings, phase=phase)
    tool = installer(settings, phase)

    with (tmp_path / "turn").open("w") as turn:
        tool.create(prefix, running(), turn=turn.fileno())
        tool.install(prefix, made.content(GLIBC), turn=turn.fileno())

    assert lock.python == "3.13.1"
    assert [path.name for path in prefix.glob("lib/*/site-packages/native/*.so")] == [f"{TAGS[1]}.so"]


def test_wheels_for_another_c_library_are_not_taken(native: Index, tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFailed, match="cannot be resolved"):
        locked(tmp_path, MUSL)


def test_a_conda_environment_is_not_put_into_an_image_for_another_machine() -> None:
    with pytest.raises(EnvironmentFailed, match="does not run in an image for linux/s390x"):
        refuse_other_machines(Image(id="sha256:1", platform="linux/s390x"))


@pytest.mark.parametrize(
    ("platform", "libc", "name"),
    [
        ("linux/amd64", "glibc 2.36", "x86_64-manylinux_2_36"),
        ("linux/amd64", "glibc 2.30", "x86_64-manylinux_2_28"),
        ("linux/arm64", "glibc 2.99", "aarch64-manylinux_2_40"),
        ("linux/amd64", "glibc 2.17", "x86_64-manylinux_2_17"),
        ("linux/amd64", "musl", "x86_64-unknown-linux-musl"),
    ],
)
def test_a_platform_has_uvs_name(platform: str, libc: str, name: str) -> None:
    assert _platform(platform, libc) == name
