"""What the person's own conda configuration says of channels, where there is one: no conda is needed to read it.

/etc/conda/.condarc ◄ ~/.condarc ◄ $CONDARC ◄ CONDA_CHANNEL_ALIAS, CONDA_CHANNEL_PRIORITY     (the right one wins)

https://docs.conda.io/projects/conda/en/stable/user-guide/configuration/settings.html
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from runner.environments.conda.channels import DEFAULTS, USUAL
from runner.errors import EnvironmentFailed, Location
from runner.settings import Settings

ALIAS = "https://conda.anaconda.org"
PRIORITIES = ("strict", "flexible", "disabled")
KEYS = ("channel_alias", "channel_priority", "channels", "default_channels", "custom_channels")
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """Where channels are.

    Attributes:
        alias: URL below which a channel is that has only a name.
        custom: name of a channel -> URL below which it is instead.
        defaults: what `defaults` stands for.
        usual: channels for a file that names none.
        priority: how channels are weighed against each other: strict, flexible or disabled.
    """

    alias: str = ALIAS
    custom: Mapping[str, str] = field(default_factory=dict)
    defaults: tuple[str, ...] = DEFAULTS
    usual: tuple[str, ...] = USUAL
    priority: str = "flexible"

    def address(self, name: str, *, directory: Path) -> str:
        """The URL of a channel: its own, of a directory, or by its name."""
        if "://" in name:
            return name.rstrip("/")
        if name.startswith((".", "/", "~")):
            return (directory / _of_home(name)).resolve().as_uri()
        place = self.custom.get(name) or self.custom.get(name.partition("/")[0]) or self.alias
        return f"{place.rstrip('/')}/{name}"


def read(settings: Settings) -> Configuration:
    """The configuration of the person who calls us.

    Raises:
        EnvironmentFailed: one of the files cannot be understood.
    """
    said: dict[str, Any] = {}
    for path in _files(settings.environ):
        said |= _content(path)
    for key in ("channel_alias", "channel_priority"):
        if text := settings.environ.get(f"CONDA_{key.upper()}"):
            said[key] = text
    return _configuration(said)


def _files(environ: Mapping[str, str]) -> Iterator[Path]:
    home = Path(environ.get("HOME") or Path.home())
    config = Path(environ.get("XDG_CONFIG_HOME") or home / ".config")
    yield from (
        Path("/etc/conda/.condarc"),
        config / "conda/.condarc",
        home / ".conda/.condarc",
        home / ".condarc",
    )
    if environ.get("CONDARC"):
        yield Path(environ["CONDARC"])


def _content(path: Path) -> Mapping[str, Any]:
    try:
        found = yaml.load(path.read_bytes(), Loader=_Loader)  # noqa: S506 - a safe one
    except OSError:
        return {}
    except yaml.YAMLError as error:
        raise EnvironmentFailed(
            "no YAML", where=Location(path), hint="correct the file", detail=str(error)
        ) from error
    if not isinstance(found, dict):
        return {}
    known = {key: found[key] for key in KEYS if found.get(key)}
    for key, value in known.items():
        if not _sound(key, value):
            raise EnvironmentFailed(
                f"{key!r} is not what conda understands", where=Location(path), hint="correct it"
            )
    return known


def _sound(key: str, value: object) -> bool:
    match key, value:
        case ("channel_alias", str()):
            return True
        case ("channel_priority", str() | bool()):
            return True
        case ("channels" | "default_channels", list(items)):
            return all(isinstance(item, str) for item in items)
        case ("custom_channels", dict(items)):
            return all(isinstance(part, str) for item in items.items() for part in item)
        case _:
            return False


def _of_home(name: str) -> Path:
    try:
        return Path(name).expanduser()
    except RuntimeError as error:  # nobody is called so
        raise EnvironmentFailed(
            f"the channel {name!r} is of a user that this machine does not have",
            hint="give its path without ~, or its URL",
        ) from error


def _configuration(said: Mapping[str, Any]) -> Configuration:
    priority = {True: "flexible", False: "disabled"}.get(
        said.get("channel_priority", True), said.get("channel_priority")
    )
    if priority not in PRIORITIES:
        raise EnvironmentFailed(
            f"there is no channel priority {priority!r}", hint=f"known are {', '.join(PRIORITIES)}"
        )
    return Configuration(
        alias=said.get("channel_alias", ALIAS),
        custom=said.get("custom_channels", {}),
        defaults=tuple(said.get("default_channels", DEFAULTS)),
        usual=tuple(said.get("channels", USUAL)),
        priority=priority,
    )
