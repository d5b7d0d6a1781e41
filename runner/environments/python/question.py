"""What decides how Python requirements are resolved, beside the requirements themselves."""

import re
from contextlib import suppress
from pathlib import Path

from runner.environments import cache
from runner.environments.model import Interpreter
from runner.environments.python import uv
from runner.environments.trouble import masked
from runner.files import sha256
from runner.settings import Settings

# What uv and pip read from the environment that changes a resolution. Passwords have variables of their own.
_INDEX = re.compile(
    r"UV_(INDEX|DEFAULT_INDEX|EXTRA_INDEX|FIND_LINKS|PRERELEASE|RESOLUTION|EXCLUDE_NEWER|CONSTRAINT|OVERRIDE|EXCLUDE|"
    r"TORCH_BACKEND|NO_BINARY|ONLY_BINARY|NO_SOURCES|CONFIG_FILE|NO_CONFIG)\w*|"
    r"PIP_(INDEX_URL|EXTRA_INDEX_URL|FIND_LINKS|NO_INDEX|PRE|CONSTRAINT|CONFIG_FILE|NO_BINARY|ONLY_BINARY|"
    r"UPLOADED_PRIOR_TO)"
)
_SECRET = ("_PASSWORD", "_USERNAME", "_TOKEN")


def question(inputs: str, interpreter: Interpreter, *, as_of: str | None) -> list[object]:
    """For `resolutions.remembered`.

    Args:
        inputs: fingerprint of the requirements.
        as_of: see Wishes.
    """
    platform = interpreter.platform or cache.platform_tag()
    return [inputs, interpreter.version, interpreter.implementation, platform, as_of]


def sources(directory: Path, settings: Settings) -> str:
    """Fingerprint of where packages come from, without credentials, and of who looks there.

    The project in `directory` may have index settings of its own.
    """
    environ = settings.environ
    home = Path(environ.get("XDG_CONFIG_HOME") or Path(environ.get("HOME") or Path.home()) / ".config")
    files = [
        home / "uv/uv.toml",
        Path("/etc/uv/uv.toml"),
        directory / "uv.toml",
        directory / "pyproject.toml",
    ]
    if environ.get("UV_CONFIG_FILE"):
        files.append(Path(environ["UV_CONFIG_FILE"]))
    names = [name for name in sorted(environ) if _INDEX.fullmatch(name) and not name.endswith(_SECRET)]
    said = ["uv" if uv.find(settings) else "pip", *(f"{name}={environ[name]}" for name in names)]
    for file in files:
        with suppress(OSError):
            said.append(file.read_bytes().decode(errors="replace"))
    return sha256(masked("\0".join(said)))
