"""What an environment costs a run: `runner run`, `mlflow run`, and the tools beneath, in turn.

    python -m benchmarks.environments [--rounds N] [--only WORD ...] [--json FILE]

The floor of a virtual environment is `uv venv` and `uv pip sync --offline` of the same wheels, where it is warm the `uv pip sync` that
finds nothing to do; that of a container is `docker run` of the same command. All wheels and packages are downloaded already. Needs
root (a container engine of its own) and dockerd; without them --only virtualenv. MLflow has no conda environments without conda.
"""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from shutil import rmtree

import uv

from benchmarks import pairs
from benchmarks.pairs import BIN, Argv, Case
from tests.services.channel import Channel, channel
from tests.services.docker import Daemon, daemon

RUNNER, MLFLOW, UV = BIN / "runner", BIN / "mlflow", uv.find_uv_bin()
VERSION = ".".join(map(str, sys.version_info[:3]))
PROGRAM = "python -c 'print(1)'"
SMALL = ("click==8.1.7", "six==1.16.0")
LARGE = ("scikit-learn==1.6.1", "pandas==2.2.3", "numpy==1.26.4")


def main() -> None:
    """Run the cases and print the table."""
    chosen = pairs.options(__doc__)
    with tempfile.TemporaryDirectory(prefix="environments-") as directory, ExitStack() as stack:
        top = Path(directory)
        variables = pairs.environment(top)
        cases = [*_virtualenvs(top, "small", SMALL), *_virtualenvs(top, "large", LARGE)]
        if _wanted(chosen.only, "docker"):
            engine = stack.enter_context(daemon())
            variables["DOCKER_HOST"] = engine.host
            cases += _containers(top, engine)
        if _wanted(chosen.only, "conda"):
            cases += stack.enter_context(_conda(top))
        pairs.report(cases, variables, chosen)


def _wanted(words: list[str], kind: str) -> bool:
    return not words or any(kind in word or word in ("warm", "cold") for word in words)


def _virtualenvs(top: Path, size: str, requirements: tuple[str, ...]) -> list[Case]:
    project = _project(
        top / size,
        "python_env: python_env.yaml",
        {"python_env.yaml": f"python: '{VERSION}'\ndependencies: [{', '.join(requirements)}]\n"},
    )
    lock, prefix = top / f"{size}.txt", top / f"{size}-floor"
    wanted = "\n".join(requirements)
    subprocess.run(
        [UV, "pip", "compile", "-q", "--generate-hashes", "--python", sys.executable, "-o", lock, "-"],
        input=wanted, text=True, check=True,
    )  # fmt: skip
    sync = f"{UV} pip sync -q --offline --require-hashes --python {prefix}/bin/python {lock}"
    create = f"{UV} venv -q --clear --python {sys.executable} {prefix}"
    program = f"PATH={prefix}/bin:$PATH; {PROGRAM}"
    ours: Argv = [RUNNER, "run", project]
    peer: Argv = [MLFLOW, "run", project, "--env-manager", "uv"]
    subprocess.run(["bash", "-c", f"{create} && {sync.replace('--offline', '')}"], check=True)
    return [
        Case(
            f"virtualenv, {size}, cold",
            ours,
            peer,
            ["bash", "-c", f"{create} && {sync} && {program}"],
            before=partial(_forget, top),
        ),
        Case(f"virtualenv, {size}, warm", ours, peer, ["bash", "-c", f"{sync} && {program}"]),
    ]


def _containers(top: Path, engine: Daemon) -> list[Case]:
    image = f"docker_env: {{image: '{engine.image}'}}"
    project, baked = _project(top / "docker", image), _project(top / "baked", image)
    plain = ["docker", "run", "--rm", engine.image, "bash", "-c", PROGRAM]
    changed = baked / "changed.txt"

    def change() -> None:
        changed.write_text(f"{changed.read_text()}x" if changed.exists() else "")

    return [
        Case("docker, warm", [RUNNER, "run", project], [MLFLOW, "run", project], plain),
        Case(
            "docker, --build-image, code changed",
            [RUNNER, "run", baked, "--build-image"],
            [MLFLOW, "run", baked, "--build-image"],
            plain,
            before=change,
        ),
    ]


@contextmanager
def _conda(top: Path) -> Iterator[list[Case]]:
    with channel() as served:
        project = _project(top / "conda", "conda_env: conda.yaml", {"conda.yaml": _conda_file(served)})
        ours: Argv = [RUNNER, "run", project]
        yield [
            Case("conda, cold", ours, None, None, before=partial(_forget, top)),
            Case("conda, warm", ours, None, None),
        ]


def _conda_file(served: Channel) -> str:
    return f"channels: [{served.url}]\ndependencies: [python=3.{sys.version_info.minor}, numpy]\n"


def _project(directory: Path, environment: str, files: dict[str, str] | None = None) -> Path:
    directory.mkdir()
    text = f'name: noop\n{environment}\nentry_points:\n  main: {{command: "{PROGRAM}"}}\n'
    for name, content in {"MLproject": text, **(files or {})}.items():
        (directory / name).write_text(content)
    return directory


def _forget(top: Path) -> None:
    for directory in (top / "home" / "cache" / "envs", top / "mlflow-envs"):
        rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main()
