"""What running a project costs beside the program itself: `runner run` and `mlflow run`, in turn, in one process tree.

    python -m benchmarks.run_overhead [--rounds N] [--only CASE ...] [--json FILE]

The floor is the same program started by `bash -c` alone (for --help: a bare interpreter). Each case is prepared alike for both: own home,
databases migrated, environments built where the case says warm, wheels in uv's cache where it says cold.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks import pairs
from benchmarks.pairs import BIN, Case
from tests.sources.servers import git_daemon

PROGRAM = "python -c 'print({alpha})'"
MLPROJECT = """\
name: noop
{environment}
entry_points:
  main:
    parameters:
      alpha: {{type: float, default: 0.5}}
    command: "{program}"
"""
PYTHON_ENV = "python: '{version}'\ndependencies: [click==8.1.7, six==1.16.0]\n"
LARGE_FILES, LARGE_BYTES = 12_000, 2_000


def main() -> None:
    """Run the cases and print the table."""
    chosen = pairs.options(__doc__)
    with tempfile.TemporaryDirectory(prefix="run-overhead-") as directory:
        top = Path(directory)
        with git_daemon(top / "git") as url:
            pairs.report(_cases(top, url), pairs.environment(top), chosen)


def _cases(top: Path, url: str) -> list[Case]:
    system = _project(top / "system", "")
    python = _project(top / "python", "python_env: python_env.yaml")
    _repository(top / "small", bare=top / "git" / "small.git", files=20)
    _repository(top / "large", bare=top / "git" / "large.git", files=LARGE_FILES)
    small, large = f"{url}/small.git", f"{url}/large.git"
    runner, mlflow = str(BIN / "runner"), str(BIN / "mlflow")
    program = ["bash", "-c", PROGRAM.format(alpha="0.5")]
    local = ["--env-manager", "local"]
    return [
        Case(
            "no-op, system",
            [runner, "run", str(system), *local],
            [mlflow, "run", str(system), *local],
            program,
        ),
        Case(
            "virtualenv, warm",
            [runner, "run", str(python)],
            [mlflow, "run", str(python), "--env-manager", "uv"],
            program,
        ),
        Case(
            "virtualenv, cold, wheels cached",
            [runner, "run", str(python)],
            [mlflow, "run", str(python), "--env-manager", "uv"],
            program,
            before=lambda: _forget_environments(top),
        ),
        Case("git URL, small, warm", [runner, "run", small, *local], [mlflow, "run", small, *local], program),
        Case(
            "git URL, 12,000 files, warm",
            [runner, "run", large, *local],
            [mlflow, "run", large, *local],
            program,
        ),
        Case("--help", [runner, "--help"], [mlflow, "--help"], [sys.executable, "-c", "pass"]),
    ]


def _project(directory: Path, environment: str) -> Path:
    directory.mkdir()
    program = PROGRAM.replace('"', '\\"')
    (directory / "MLproject").write_text(MLPROJECT.format(environment=environment, program=program))
    if environment:
        version = ".".join(str(part) for part in sys.version_info[:3])
        (directory / "python_env.yaml").write_text(PYTHON_ENV.format(version=version))
    return directory


def _repository(directory: Path, *, bare: Path, files: int) -> None:
    _project(directory, "")
    for number in range(files):
        path = directory / f"d{number % 100}" / f"f{number}.txt"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"{number}\n" * (LARGE_BYTES // 6))
    git = ["git", "-C", str(directory), "-c", "user.name=n", "-c", "user.email=e@example.org"]
    for arguments in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-q", "-m", "all"]):
        subprocess.run([*git, *arguments], check=True)
    subprocess.run(["git", "clone", "-q", "--bare", str(directory), str(bare)], check=True)


def _forget_environments(top: Path) -> None:
    for directory in (top / "home" / "cache" / "envs", top / "mlflow-envs"):
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main()
