"""An environment goes to a machine that has nothing: another home, an empty package cache, no index."""

import json
import os
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from runner.environments import Environment
from runner.environments.cache import MARKER
from runner.environments.kept.listing import Entry, entries, entry
from runner.environments.kept.verifying import verify
from runner.environments.moving import relocating
from runner.environments.moving.packed import MANIFEST
from runner.environments.moving.packing import pack
from runner.environments.moving.unpacking import unpack
from runner.errors import EnvironmentFailed, RunnerError, UsageError
from runner.progress import Phase
from tests.environments.wheels import Index, Workshop, noise

PHASE = Phase("moving")
Change = Callable[[dict[str, Any]], object]


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Workshop]:
    """Go to another machine: the workshop there has no packages at all."""

    def go() -> Workshop:
        place = tmp_path / "a longer path on another machine"
        (place / "project").mkdir(parents=True)
        for name, directory in {"RUNNER_HOME": "home", "UV_CACHE_DIR": "uv", "UV_FIND_LINKS": "none"}.items():
            monkeypatch.setenv(name, str(place / directory))
        monkeypatch.setenv("RUNNER_OFFLINE", "1")
        return Workshop(place / "project")

    return go


def packed(workshop: Workshop, environment: Environment) -> Path:
    assert environment.key
    file = workshop.directory / "environment.zip"
    pack(entry(workshop.settings, environment.key), None, file, settings=workshop.settings, phase=PHASE)
    return file


def unpacked(workshop: Workshop, file: Path) -> tuple[Entry, bool]:
    return unpack(file, settings=workshop.settings, phase=PHASE)


def changed(file: Path, change: Change) -> Path:
    """The same file with another manifest."""
    other = file.with_name("changed.zip")
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(other, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == MANIFEST:
                manifest = json.loads(content)
                change(manifest)
                content = json.dumps(manifest).encode()
            new.writestr(name, content)
    return other


def left_behind(workshop: Workshop) -> list[Path]:
    places = [workshop.settings.cache / "envs", workshop.settings.cache / "trash"]
    return [path for place in places if place.exists() for path in place.iterdir() if path.is_dir()]


def test_it_works_elsewhere_without_any_package(
    workshop: Workshop, index: Index, elsewhere: Callable[[], Workshop]
) -> None:
    index.add("delta", requires=["alpha"], scripts={"delta": "delta:version.upper"})
    here = workshop.build("delta")
    file = packed(workshop, here)
    there = elsewhere()

    found, new = unpacked(there, file)
    again = there.build("delta")

    assert new
    assert again.reused
    assert found.key == again.key == here.key
    assert found.path != here.path
    assert verify(found, settings=there.settings, phase=PHASE).sound
    script = [found.path / "bin/delta"]
    assert subprocess.run(script, check=False, capture_output=True, text=True).stderr == "1.0\n"


def test_a_second_import_changes_nothing(workshop: Workshop, elsewhere: Callable[[], Workshop]) -> None:
    file = packed(workshop, workshop.build("alpha"))
    there = elsewhere()

    first, _ = unpacked(there, file)
    second, new = unpacked(there, file)

    assert not new
    assert first.created == second.created


def test_the_python_of_the_machine_is_used(workshop: Workshop, elsewhere: Callable[[], Workshop]) -> None:
    file = packed(workshop, workshop.build("beta"))

    found, _ = unpacked(elsewhere(), file)

    assert found.facts["interpreter"] == os.fspath((found.path / "bin/python").readlink())
    with zipfile.ZipFile(file) as archive:
        assert not [name for name in archive.namelist() if name.startswith("files/bin/python")]


def test_an_environment_that_was_changed_is_not_exported(workshop: Workshop) -> None:
    environment = workshop.build("beta")
    assert environment.path
    (environment.path / "lib/added.txt").write_text("mine")

    with pytest.raises(EnvironmentFailed, match="is not as it was built"):
        packed(workshop, environment)
    assert not (workshop.directory / "environment.zip").exists()


def test_packages_from_directories_of_this_machine_are_not_exported(workshop: Workshop, index: Index) -> None:
    wheel = index.add("epsilon")
    (workshop.directory / wheel.name).write_bytes(wheel.read_bytes())

    with pytest.raises(EnvironmentFailed, match="from a directory of this machine"):
        packed(workshop, workshop.build(f"epsilon @ ./{wheel.name}"))


def test_what_is_no_file_is_not_replaced(workshop: Workshop) -> None:
    pipe = workshop.directory / "environment.zip"
    os.mkfifo(pipe)

    with pytest.raises(UsageError, match="is no regular file"):
        packed(workshop, workshop.build("beta"))
    assert pipe.is_fifo()


def test_a_file_that_cannot_be_written_is_an_error_and_leaves_nothing(workshop: Workshop) -> None:
    environment = workshop.build("beta")
    assert environment.key
    found = entry(workshop.settings, environment.key)

    with pytest.raises(EnvironmentFailed, match=r"nowhere/x\.zip cannot be written"):
        pack(found, None, workshop.directory / "nowhere/x.zip", settings=workshop.settings, phase=PHASE)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda it: it.update(format=99), "keys environments in another way"),
        (lambda it: it.update(schema=-1), "keys environments in another way"),
        (lambda it: it.update(key="0" * 32), "its key is not that of its inputs"),
        (lambda it: it.update(key="../../etc"), "its key is not that of its inputs"),
        (lambda it: it["inputs"].update(lock="0" * 64), "its key is not that of its inputs"),
        (lambda it: it.update(platform="plan9-mips"), "is for plan9-mips, and this machine is"),
        (lambda it: it["lock"].update(text=""), "its lock is another one"),
        (lambda it: it["lock"].update(questions=["../../up"]), "its lock answers no question"),
        (lambda it: it["marker"].update(kind="conda"), "its marker is that of another environment"),
        (lambda it: it.update(prefix="/"), "it was not in a cache"),
        (lambda it: it.update(files=[]), "Expected `object`, got `array`"),
        (lambda it: it["files"].update({"../up": it["files"]["pyvenv.cfg"]}), "no place for a file"),
        (lambda it: it["files"].update({"/etc/up": it["files"]["pyvenv.cfg"]}), "no place for a file"),
        (lambda it: it["files"].update({"pyvenv.cfg/up": it["files"]["pyvenv.cfg"]}), "no place for a file"),
        (lambda it: it["files"].update({MARKER: it["files"]["pyvenv.cfg"]}), "no place for a file"),
        (lambda it: it["files"].update({"more": it["files"]["pyvenv.cfg"]}), "no item named 'files/more'"),
        (lambda it: it["files"]["pyvenv.cfg"].update(sha256="0" * 64), "is not what its hash says"),
        (lambda it: it["files"]["pyvenv.cfg"].update(size=3), "is not what its hash says"),
        (lambda it: it["files"]["pyvenv.cfg"].update(size=-1), "has no size"),
        (lambda it: it["files"]["pyvenv.cfg"].update(size=1 << 60), "are free in"),
        (lambda it: it["links"].update({"up": "../.."}), "'up' leads out of it"),
        (lambda it: it["links"].update({"up": "/etc"}), "'up' leads out of it"),
        (lambda it: it["links"].update({"lib/python": ""}), "'lib/python' leads out of it"),
        (
            lambda it: it["links"].update({"a/b/c": "../../lib", "up": "a/b/c/../../.."}),
            "'up' leads out of it",
        ),
        (lambda it: it["links"].update({"x/y": "../lib", "x/z": "y/../../lib"}), "'x/z' leads out of it"),
    ],
)
def test_a_hostile_file_is_refused_and_leaves_nothing(
    workshop: Workshop, elsewhere: Callable[[], Workshop], change: Change, message: str
) -> None:
    file = changed(packed(workshop, workshop.build("beta")), change)
    there = elsewhere()

    with pytest.raises(RunnerError, match=message):
        unpacked(there, file)

    assert left_behind(there) == []
    assert entries(there.settings) == []


NOTHING: dict[str, Any] = {"path_entries": [], "variables": {}, "unset": []}
WRONG = {**NOTHING, "variables": {"A": "null\0byte"}}
STRANGE_MARKERS: list[tuple[Change, str]] = [
    (
        lambda it: it["marker"].update(packages=None),
        r"Expected `array`, got `null` - at `\$\.marker\.packages`",
    ),
    (lambda it: it["marker"].update(created=1e300), r"`\$\.marker\.created`"),
    (lambda it: it["marker"].update(created=1 << 60), r"`int` <= .*`\$\.marker\.created`"),
    (lambda it: it["marker"].update(created="nan"), r"`\$\.marker\.created`"),
    (lambda it: it["marker"].update(bytes=-1), r"`\$\.marker\.bytes`"),
    (lambda it: it["marker"].update(seconds=["x"]), r"`\$\.marker\.seconds`"),
    (lambda it: it["marker"].update(seconds={"install": "x"}), r"`\$\.marker\.seconds\[\.\.\.\]`"),
    (lambda it: it["marker"].update(tools=None), r"`\$\.marker\.tools`"),
    (lambda it: it["marker"].update(imported="x"), r"`\$\.marker\.imported`"),
    (lambda it: it["marker"].pop("pinned"), "missing required field `pinned`"),
    (lambda it: it["marker"].update(activation={}), r"missing required field .*`\$\.marker\.activation`"),
    (lambda it: it["marker"].update(activation=WRONG), r"`\$\.marker\.activation\.variables\[\.\.\.\]`"),
    (lambda it: it["marker"].update(activation=NOTHING), "does not say how it is activated"),
    (lambda it: it["inputs"].update(more=[[]]), r"`\$\.inputs"),
    (lambda it: (it.update(python=""), it["marker"].update(python="")), "it has no Python"),
]


def test_a_strange_marker_is_refused(workshop: Workshop, elsewhere: Callable[[], Workshop]) -> None:
    file = packed(workshop, workshop.build("beta"))
    there = elsewhere()

    for change, message in STRANGE_MARKERS:
        with pytest.raises(EnvironmentFailed, match=message):
            unpacked(there, changed(file, change))

    assert entries(there.settings) == []


def test_a_torn_file_is_refused(workshop: Workshop, elsewhere: Callable[[], Workshop]) -> None:
    file = packed(workshop, workshop.build("beta"))
    there = elsewhere()
    for content in (b"", file.read_bytes()[:-100], file.read_bytes().replace(b"files/", b"filez/", 1)):
        file.write_bytes(content)
        with pytest.raises(EnvironmentFailed, match="no exported environment, or damaged"):
            unpacked(there, file)
    with pytest.raises(UsageError, match="cannot be read"):
        unpacked(there, file.with_name("none.zip"))

    assert left_behind(there) == []


def test_a_file_that_would_never_end_is_refused(workshop: Workshop) -> None:
    pipe = workshop.directory / "pipe"
    os.mkfifo(pipe)

    with pytest.raises(UsageError, match="is no regular file"):
        unpacked(workshop, pipe)


def test_a_python_that_is_not_here_is_told(workshop: Workshop, elsewhere: Callable[[], Workshop]) -> None:
    file = packed(workshop, workshop.build("beta"))
    there = elsewhere()

    def later(manifest: dict[str, Any]) -> None:
        manifest["python"] = manifest["marker"]["python"] = "3.11.99"

    with pytest.raises(EnvironmentFailed, match=r"Python ==3\.11\.99 is not on this machine"):
        unpacked(there, changed(file, later))


def test_a_damaged_marker_is_not_exported(workshop: Workshop) -> None:
    environment = workshop.build("beta")
    assert environment.path
    marker = json.loads((environment.path / MARKER).read_text())
    (environment.path / MARKER).write_text(json.dumps({**marker, "created": 1e300}))

    with pytest.raises(EnvironmentFailed, match="says of itself is damaged"):
        packed(workshop, environment)


def test_an_environment_of_another_version_is_not_exported(workshop: Workshop) -> None:
    environment = workshop.build("beta")
    assert environment.path
    marker = json.loads((environment.path / MARKER).read_text())
    (environment.path / MARKER).write_text(json.dumps({**marker, "inputs": {}}))

    with pytest.raises(EnvironmentFailed, match="was built by another version"):
        packed(workshop, environment)


OLD, NEW, LONG = "/old/envs/0123", "/n", "/new/place/envs/0123"


@pytest.mark.parametrize("new", [NEW, LONG])
def test_a_compiled_file_keeps_its_length(new: str) -> None:
    content = b"\x7fELF\0" + f"{OLD}/lib:{OLD}/share".encode() + b"\0" * 40 + b"tail\0"

    moved = relocating.in_place(content, OLD, new)

    assert moved is not None
    assert len(moved) == len(content)
    assert f"\0{new}/lib:{new}/share\0".encode() in moved
    assert moved.endswith(b"\0tail\0")


def test_a_compiled_file_without_room_is_not_changed() -> None:
    assert relocating.in_place(f"{OLD}/lib\0\0tail".encode(), OLD, LONG) is None


def test_a_script_whose_first_line_gets_too_long_is_started_by_a_shell(tmp_path: Path) -> None:
    python = tmp_path / ("a directory with spaces" + "x" * 120) / "bin/python"
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    text = relocating.in_text(
        f"#!{OLD}/bin/python\nprint('hello')\n".encode(), OLD, str(python.parent.parent)
    )
    script = tmp_path / "script"
    script.write_bytes(text)
    script.chmod(0o755)

    assert subprocess.run([script], capture_output=True, text=True, check=True).stdout == "hello\n"


def test_what_a_killed_import_left_is_no_part_of_the_next(
    workshop: Workshop, elsewhere: Callable[[], Workshop]
) -> None:
    here = workshop.build("beta")
    file = packed(workshop, here)
    there = elsewhere()
    torn = there.settings.cache / f"envs/{here.key}/lib/left.py"
    torn.parent.mkdir(parents=True)
    torn.write_text("")

    found, new = unpacked(there, file)

    assert new
    assert not torn.exists()
    assert verify(found, settings=there.settings, phase=PHASE).sound


@pytest.mark.slow
def test_an_import_that_is_killed_leaves_nothing_that_is_taken_for_whole(
    workshop: Workshop, index: Index, elsewhere: Callable[[], Workshop]
) -> None:
    index.add("many", files={f"f{number}.py": noise(20_000) for number in range(400)})
    file = packed(workshop, workshop.build("many"))
    there = elsewhere()
    argv = [sys.executable, "-m", "runner", "env", "import", str(file)]
    for hundredths in range(20, 80, 5):
        importing = subprocess.Popen(argv, stdout=-3, stderr=-3)
        time.sleep(hundredths / 100)
        importing.kill()
        importing.wait()
        for found in entries(there.settings):
            assert verify(found, settings=there.settings, phase=PHASE).sound

    unpacked(there, file)

    assert there.build("many").reused
    assert verify(entries(there.settings)[0], settings=there.settings, phase=PHASE).sound
