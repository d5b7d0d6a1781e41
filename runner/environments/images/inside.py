"""An environment inside of an image (`--in-image`): made on this machine for the image's Python, then laid on top of it.

base image ─► its Python, C library ─► lock for these ─► tree of files ─► base + tree + bytecode = image, by key

The key is made of the lock and the base image, not of the project's code. Nothing of the project runs meanwhile, and
the image gets no network, no cache and no login.
"""

import re
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from msgspec import Struct
from msgspec.structs import replace

from runner.containers import layers
from runner.containers.engine import Engine
from runner.containers.images import Image
from runner.environments import building, cache
from runner.environments.images import interior, keeping
from runner.environments.images.having import short
from runner.environments.images.interior import Interior, refuse_other_machines
from runner.environments.images.keeping import Mark
from runner.environments.model import Environment, Interpreter, Lock
from runner.environments.python import interpreters
from runner.environments.python.recipe import recipe as python_recipe
from runner.environments.python.tools import installer
from runner.errors import EnvironmentFailed
from runner.progress import Phase
from runner.project.model import EnvironmentSpec, PythonEnv
from runner.settings import Settings

PREFIX = PurePosixPath("/opt/runner")
COMPILE = ("-m", "compileall", "-q", "-j", "0")
_LARGEST_SCRIPT = 1024 * 1024


class Base(Struct, frozen=True, kw_only=True):
    """The image to build on, and what is in it."""

    engine: Engine
    image: Image
    interior: Interior


def environment(
    spec: EnvironmentSpec,
    lock: Lock,
    engine: Engine,
    image: Image,
    *,
    directory: Path,
    settings: Settings,
    phase: Phase,
) -> tuple[Environment, str]:
    """The image with the environment of a lock, and how we came to it."""
    base = Base(engine=engine, image=image, interior=interior.look(engine, image, settings=settings))
    if lock.kind == "conda":
        return _conda(spec, lock, base, directory=directory, settings=settings, phase=phase)
    return _python(spec, lock, base, directory=directory, settings=settings, phase=phase)


def _python(
    spec: EnvironmentSpec, lock: Lock, base: Base, *, directory: Path, settings: Settings, phase: Phase
) -> tuple[Environment, str]:
    there = base.interior.python(f"=={lock.python}", image=short(base.image.id))
    here = replace(lock, interpreter=interpreters.running())
    recipe = python_recipe(spec, here, directory=directory, settings=settings, phase=phase)
    _refuse_editable(lock)
    inputs = {**recipe.inputs, "python": there.version, "implementation": there.implementation}
    inputs |= {"platform": there.platform, "interpreter": str(there.path)}
    mark = Mark.of("environment", base.image.id, inputs)

    def make() -> Image:
        with _scratch(settings, mark) as scratch:
            prefix = scratch / "environment"
            phase.update(f"installing {lock.packages} packages for Python {there.version} of the image")
            tool = installer(settings, phase)
            with cache.turn(scratch / "lock", settings=settings, phase=phase) as turn:
                tool.create(prefix, recipe.interpreter, turn=turn)
                if lock.packages:
                    tool.install(prefix, recipe.content(there), turn=turn)
            _move(prefix, there)
            archive = _packed(prefix, PREFIX.name, scratch)
            phase.update("putting the environment into the image")
            return _laid(base, archive, place=PREFIX, interpreter=there.path, mark=mark)

    image, how = keeping.made(base.engine, mark, make, settings=settings, phase=phase)
    variables = dict(spec.variables) if isinstance(spec, PythonEnv) else {}
    return Environment(
        kind="docker",
        key=mark.key,
        image=image.id,
        interpreter=replace(there, path=Path(PREFIX, "bin/python")),
        path_entries=(f"{PREFIX}/bin",),
        variables={**variables, "VIRTUAL_ENV": str(PREFIX)},
        reused=how != "built",
        packages=lock.packages,
    ), how


def _conda(
    spec: EnvironmentSpec, lock: Lock, base: Base, *, directory: Path, settings: Settings, phase: Phase
) -> tuple[Environment, str]:
    """A conda environment brings all but the C library: the one of this machine, at its own path."""
    refuse_other_machines(base.image)
    recipe = building.recipe(spec, lock, directory=directory, settings=settings, phase=phase)
    here = building.prepare(spec, lock, directory=directory, settings=settings, phase=phase)
    if here.path is None:
        raise EnvironmentFailed("there is no such environment on this machine")
    prefix = here.path
    mark = Mark.of("environment", base.image.id, dict(recipe.inputs), str(prefix))

    def make() -> Image:
        with _scratch(settings, mark) as scratch:
            archive = _packed(prefix, prefix.name, scratch)
            phase.update("putting the environment into the image")
            return _laid(
                base,
                archive,
                place=PurePosixPath(prefix),
                interpreter=here.interpreter.path if here.interpreter else None,
                mark=mark,
            )

    image, how = keeping.made(base.engine, mark, make, settings=settings, phase=phase)
    return replace(here, kind="docker", key=mark.key, path=None, image=image.id, reused=how != "built"), how


def _laid(base: Base, archive: Path, *, place: PurePosixPath, interpreter: Path | None, mark: Mark) -> Image:
    return layers.extended(
        base.engine,
        base.image,
        archive,
        place=place,
        # the program may not write there: without it each run would compile all that it imports
        finish=[str(interpreter), *COMPILE, f"{place}/lib"] if interpreter else None,
        labels=mark.labels,
        tag=mark.tag,
    )


def _refuse_editable(lock: Lock) -> None:
    if lock.kind == "pylock" and re.search(r"editable\s*=\s*true", lock.text):
        raise EnvironmentFailed(
            "an editable requirement (-e) cannot be installed in an image: its directory is not there",
            hint="leave it out, and import from the project directory, where the program runs",
        )


def _move(prefix: Path, there: Interpreter) -> None:
    """Make a fresh environment one of the image: at its place, with its Python."""
    (own,) = prefix.glob("lib/python3.*")
    major, minor = there.version.split(".")[:2]
    own.rename(own.with_name(f"python{major}.{minor}"))
    for path in (prefix / "bin").iterdir():
        if path.is_symlink():
            path.unlink()
        elif path.stat().st_size < _LARGEST_SCRIPT:
            _rewrite(path, {str(prefix).encode(): bytes(PREFIX)})
    (prefix / "bin/python").symlink_to(there.path)
    for name in ("python3", f"python{major}.{minor}"):
        (prefix / "bin" / name).symlink_to("python")
    facts = {
        "home": str(there.path.parent),
        "implementation": there.implementation,
        "version_info": there.version,
        "include-system-site-packages": "false",
    }
    (prefix / "pyvenv.cfg").write_text("".join(f"{name} = {text}\n" for name, text in facts.items()))


def _rewrite(path: Path, changes: Mapping[bytes, bytes]) -> None:
    """Replace texts in a file of our own: others may be hard links into the package cache."""
    content = path.read_bytes()
    changed = content
    for old, new in changes.items():
        changed = changed.replace(old, new)
    if changed != content:
        mode = path.stat().st_mode
        path.unlink()
        path.write_bytes(changed)
        path.chmod(mode)


def _packed(prefix: Path, name: str, scratch: Path) -> Path:
    """The tree as a tar archive of files that belong to root and can be read by all."""
    archive = scratch / "tar"

    def plain(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
        if member.name.endswith((".pyc", "/__pycache__", "/.lock", "/.ready.json")):
            return None
        member.uid = member.gid = 0
        member.uname = member.gname = ""
        executable = member.isdir() or member.mode & 0o100
        member.mode = member.mode & 0o755 | (0o555 if executable else 0o444)
        return member

    with tarfile.open(archive, "w", format=tarfile.PAX_FORMAT) as tar:
        tar.add(prefix, name, filter=plain)
    return archive


@contextmanager
def _scratch(settings: Settings, mark: Mark) -> Iterator[Path]:
    """A directory on the disk of the package cache, so that files need not be copied; the collector knows it."""
    trash = settings.cache / "trash"
    trash.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=trash, prefix=f"inside-{mark.key[:8]}-") as place:
        yield Path(place)
