"""A Python that this machine does not have, had from where uv has them: only where nobody forbids it, and quickly or not at all."""

from collections.abc import Callable
from pathlib import Path

from runner.environments import trouble
from runner.environments.python import uv
from runner.environments.python.versions import PythonRequest
from runner.process import ProgramFailed, capture
from runner.progress import Phase
from runner.settings import Settings

_FORBIDDEN = {"never", "manual"}
# A network that does not answer must not cost more than a moment; uv's own way takes 11 s and more.
_QUICK = {"UV_HTTP_RETRIES": "0", "UV_HTTP_CONNECT_TIMEOUT": "2"}


def download(wanted: PythonRequest, *, settings: Settings, phase: Phase) -> str | None:
    """Have uv install it among its own Pythons; None when it did, or why not, in a few words."""
    if settings.offline:
        return "RUNNER_OFFLINE is set"
    said = settings.environ.get("UV_PYTHON_DOWNLOADS", "").lower()
    if said in _FORBIDDEN:
        return f"UV_PYTHON_DOWNLOADS={said} forbids it"
    program = uv.find(settings)
    if program is None:
        return "there is no uv"
    argv: uv.Argv = [program, "python", "install", "--no-bin", "--", wanted.text.replace(" ", "")]
    phase.update(f"downloading {wanted}")
    try:
        environ = {**uv.environment(settings, downloads=True), **_QUICK}
        capture(argv, cwd=Path("/"), env=environ, on_line=_narrator(phase))
    except ProgramFailed as error:
        return _reason(error)
    return None


def _narrator(phase: Phase) -> Callable[[str], None]:
    def tell(line: str) -> None:
        if line.strip().startswith("Downloading"):
            phase.update(trouble.masked(line.strip()[0].lower() + line.strip()[1:]))

    return tell


def _reason(error: ProgramFailed) -> str:
    """uv's last cause says it: "dns error", "Connection refused", "No space left on device"."""
    lines = [line.strip() for line in error.completed.err.splitlines() if line.strip()]
    if not lines:
        return "uv failed"
    if lines[-1].startswith("error: No download found"):
        return "uv knows no download of it"
    return trouble.masked(lines[-1].removeprefix("error: ").removeprefix("cause: "))
