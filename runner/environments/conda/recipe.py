"""How a conda environment is made from its lock: packages linked from the cache, the pip section, activation."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from runner.environments import brought
from runner.environments.conda import configuration, lockfile
from runner.environments.conda.activation import PATH, Activation, activated
from runner.environments.conda.asking import ask
from runner.environments.conda.packages import CondaLock, CondaPackage
from runner.environments.conda.solving import addresses, for_this_platform
from runner.environments.model import Environment, Interpreter, Lock
from runner.environments.python.recipe import UNSET as OF_PYTHON
from runner.environments.python.requirements import LocalPath
from runner.environments.recipes import Steps
from runner.errors import EnvironmentFailed
from runner.files import sha256
from runner.progress import Phase
from runner.project.conda_locks import platform
from runner.project.model import CondaEnv, EnvironmentSpec
from runner.settings import Settings

# Of the caller's surroundings, what belongs to another environment.
UNSET = (*OF_PYTHON, "VIRTUAL_ENV", "VIRTUAL_ENV_PROMPT")


def recipe(
    spec: EnvironmentSpec, lock: Lock, *, directory: Path, settings: Settings, phase: Phase
) -> "CondaRecipe":
    """The recipe for a lock of conda packages.

    Raises:
        EnvironmentFailed: a path that the lock names is gone.
    """
    assert isinstance(spec, CondaEnv)
    local = () if lock.pinned else tuple(_local(_content(lock), directory))
    return CondaRecipe(spec=spec, lock=lock, local=local, directory=directory, settings=settings, phase=phase)


@dataclass(frozen=True, slots=True, kw_only=True)
class CondaRecipe:
    """See `recipes.Recipe`. `local` tells what lies at each path that the lock names."""

    spec: CondaEnv
    lock: Lock
    local: tuple[str, ...]
    directory: Path
    settings: Settings
    phase: Phase

    @property
    def inputs(self) -> Mapping[str, object]:
        return {
            "kind": "conda",
            "lock": sha256(self.lock.text),
            "local": list(self.local),
            "variables": dict(self.spec.variables),
            "platform": platform(),
        }

    def build(self, prefix: Path, steps: Steps, *, turn: int) -> Mapping[str, Any]:
        content = _content(self.lock)
        prefix.mkdir(parents=True)
        with steps.step("install", f"installing {len(content.conda)} conda packages"):
            tool, script = self._install(prefix, content, turn=turn)
        tools = {"installer": tool}
        if content.pip:
            with steps.step("pip", f"installing {len(content.pip)} Python packages"):
                tools["pip"] = self._install_pip(prefix, content, turn=turn)
        with steps.step("activate", "activating"):
            activation = activated(prefix, script, self.spec.variables, turn=turn)
        return {
            "kind": "conda",
            "python": content.python,
            "implementation": "cpython",
            "interpreter": str(prefix / "bin/python") if content.python else None,
            "platform": platform(),
            "packages": sorted(
                [(item.name, item.version) for item in content.conda]
                + [(item.name, item.version) for item in content.pip]
            ),
            "activation": asdict(activation),
            "tools": tools,
        }

    def environment(self, prefix: Path, facts: Mapping[str, Any], *, reused: bool) -> Environment:
        activation = Activation.from_json(facts["activation"], home=self.settings.environ.get("HOME", "/"))
        version = facts["python"]
        return Environment(
            kind="conda",
            key=prefix.name,
            path=prefix,
            interpreter=Interpreter(path=prefix / "bin/python", version=version, origin="conda")
            if version
            else None,
            path_entries=activation.path_entries,
            # What the user has installed for himself is not locked, and may be for another build of Python.
            variables={
                **activation.variables,
                "CONDA_DEFAULT_ENV": self.spec.name or str(prefix),
                "PYTHONNOUSERSITE": "1",
            },
            unset=(*UNSET, *activation.unset),
            reused=reused,
            packages=len(facts["packages"]),
        )

    def _install(self, prefix: Path, content: CondaLock, *, turn: int) -> tuple[str, str]:
        """Gives the tool that did it, and the script that activates the prefix."""
        request = {
            "prefix": str(prefix),
            "path": PATH,
            "cache": str(self.settings.cache / "conda/pkgs"),
            "packages": [self._at_hand(told(package)) for package in content.conda],
        }
        answer = ask(
            "install",
            request,
            settings=self.settings,
            phase=self.phase,
            channels=self._channels(content),
            turn=turn,
        )
        return answer["installer"], answer["activation"]

    def _at_hand(self, package: dict[str, Any]) -> dict[str, Any]:
        """The same, from the file that somebody has brought; the worker checks its hash."""
        known = f"sha256:{package['sha256']}" if package["sha256"] else f"md5:{package['md5']}"
        file = brought.find(known, self.settings)
        return package if file is None else {**package, "url": file.as_uri()}

    def _channels(self, content: CondaLock) -> tuple[str, ...]:
        """Channels of the project and of its lock, with the logins of the person."""
        ours = configuration.read(self.settings)
        in_front = [text.rpartition("::")[0] for text in self.spec.packages if "::" in text]
        names = (*self.spec.channels, *in_front, *content.channels)
        return addresses(names, ours, directory=self.directory, settings=self.settings)

    def _install_pip(self, prefix: Path, content: CondaLock, *, turn: int) -> str:
        from runner.environments.conda import pip_section  # noqa: PLC0415 - a warm run installs nothing

        return pip_section.install(
            prefix,
            content.pip,
            spec=self.spec,
            directory=self.directory,
            settings=self.settings,
            phase=self.phase,
            turn=turn,
        )


def _content(lock: Lock) -> CondaLock:
    return for_this_platform(lockfile.read(lock.text, name=f"the lock ({lock.origin})"))


def _local(content: CondaLock, directory: Path) -> Iterable[str]:
    """Where directories and archives of the project lie, and a digest of what is there."""
    for package in content.pip:
        if package.local:
            name, _, option = package.url.partition("#")
            path = (directory / name).resolve()
            if not path.exists():
                raise EnvironmentFailed(
                    f"the lock names {name}, which does not exist",
                    hint="restore it, or lock anew with --relock",
                )
            yield f"{path} {LocalPath(path=path, editable=option == 'editable').fingerprint()}"


def told(package: CondaPackage) -> dict[str, Any]:
    """A package as the worker wants it."""
    names = ("name", "version", "build", "build_number", "subdir", "noarch", "file_name", "url", "channel", "md5", "sha256", "depends", "site_packages")  # fmt: skip
    return {name: getattr(package, name) for name in names}
