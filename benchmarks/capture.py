"""What it costs to record a run: code, inputs, packages, machine; and what digests of big inputs cost, cold and remembered.

    python -m benchmarks.capture [--files N] [--gigabytes N] [--rounds N] [--json FILE]

Times are those of the phases that a run records of itself, and the whole of `runner run` by the clock; the floor of the code is `git
status`, which tells whether there is anything to keep. Medians of the rounds.
"""

import argparse
import json
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from benchmarks.pairs import BIN, environment

MLPROJECT = """\
name: capture
entry_points:
  main:
    command: "true"
  reads:
    parameters:
      data: path
    command: "true {data}"
"""
PIECE = 1 << 24
INPUTS = 8  # files
OLD = 3.0  # seconds after which a file may be remembered

Figures = dict[str, float]


def main() -> None:
    """Measure and print."""
    chosen = _options()
    with tempfile.TemporaryDirectory(prefix="capture-", dir=chosen.directory) as directory:
        top = Path(directory)
        rows = {**_code(top, chosen), **_inputs(top, chosen)}
    for name, figures in rows.items():
        print(f"{name:<52}" + "".join(f"{key} {value * 1000:>9.1f} ms   " for key, value in figures.items()))
    if chosen.json:
        chosen.json.write_text(json.dumps(rows, indent=2))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--files", type=int, default=10_000, help="of the repository")
    parser.add_argument("--gigabytes", type=float, default=2.0, help="of the input")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument(
        "--directory", type=Path, help="where to write; the system's for temporary files otherwise"
    )
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


# code ----------------------------------------------------------------------------------------------------------
def _code(top: Path, chosen: argparse.Namespace) -> dict[str, Figures]:
    """A repository of so many files against one of three, both with all commits at their remote."""
    name = f"{chosen.files:,} files"
    small, large = _repository(top / "small", 3), _repository(top / "large", chosen.files)
    clean = _rounds(top, chosen.rounds, large, "main", phase="source") | _floor(large, chosen.rounds)
    (large / "d1" / "f1.txt").write_text("changed\n")
    for number in range(10):
        (large / f"new{number}.txt").write_text("x\n" * 1000)
    return {
        "3 files, clean": _rounds(top, chosen.rounds, small, "main", phase="source")
        | _floor(small, chosen.rounds),
        f"{name}, clean": clean,
        f"{name}, 1 changed, 10 untracked": _rounds(top, chosen.rounds, large, "main", phase="source")
        | _floor(large, chosen.rounds),
    }


def _repository(directory: Path, files: int) -> Path:
    directory.mkdir()
    (directory / "MLproject").write_text(MLPROJECT)
    for number in range(files):
        path = directory / f"d{number % 100}" / f"f{number}.txt"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"{number}\n" * 300)
    remote = directory.with_suffix(".git")
    git = ["git", "-C", str(directory), "-c", "user.name=n", "-c", "user.email=e@example.org"]
    for arguments in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-q", "-m", "all"]):
        subprocess.run([*git, *arguments], check=True)
    subprocess.run(["git", "clone", "-q", "--bare", str(directory), str(remote)], check=True)
    for arguments in (
        ["remote", "add", "origin", str(remote)],
        ["fetch", "-q"],
        ["branch", "-q", "-u", "origin/main"],
    ):
        subprocess.run([*git, *arguments], check=True)
    return directory


# inputs --------------------------------------------------------------------------------------------------------
def _inputs(top: Path, chosen: argparse.Namespace) -> dict[str, Figures]:
    project, size = top / "small", f"{chosen.gigabytes:g} GB of inputs"
    data = _data(top / "data", int(chosen.gigabytes * 10**9))
    time.sleep(OLD)
    given = ("-P", f"data={data}")
    memory = top / "home" / "cache" / "digests.db"

    def forget() -> None:
        memory.unlink(missing_ok=True)

    return {
        f"{size}, not read": _rounds(
            top, chosen.rounds, project, "reads", *given, "--no-digests", phase="inputs"
        ),
        f"{size}, for the first time": _rounds(
            top, min(chosen.rounds, 3), project, "reads", *given, phase="inputs", before=forget
        ),
        f"{size}, remembered": _rounds(top, chosen.rounds, project, "reads", *given, phase="inputs"),
    }


def _data(directory: Path, size: int) -> Path:
    directory.mkdir()
    piece = os.urandom(PIECE)
    for number in range(INPUTS):
        with (directory / f"part{number}.bin").open("wb") as file:
            written = 0
            while written < size // INPUTS:
                written += file.write(piece[: size // INPUTS - written])
    return directory


# measuring -----------------------------------------------------------------------------------------------------
def _rounds(
    top: Path,
    rounds: int,
    project: Path,
    entry_point: str,
    *options: str,
    phase: str,
    before: Callable[[], None] = lambda: None,
) -> Figures:
    variables = environment(top)
    samples = []
    for round_ in range(rounds + 1):  # the first warms up and is not counted
        before()
        sample = _run(variables, project, entry_point, options)
        if round_:
            samples.append(sample)
    return {
        f"{phase} phase": statistics.median(sample.get(phase, 0.0) for sample in samples),
        "whole run": statistics.median(sample["whole"] for sample in samples),
    }


def _floor(repository: Path, rounds: int) -> Figures:
    samples = []
    for _ in range(rounds + 1):
        started = time.perf_counter()
        subprocess.run(["git", "status", "--porcelain"], cwd=repository, check=True, capture_output=True)
        samples.append(time.perf_counter() - started)
    return {"git status": statistics.median(samples[1:])}


def _run(variables: Mapping[str, str], project: Path, entry_point: str, options: tuple[str, ...]) -> Figures:
    argv: list[str | Path] = [
        BIN / "runner",
        "run",
        project,
        "-e",
        entry_point,
        "--env-manager",
        "local",
        "--json",
        "-q",
        *options,
    ]
    started = time.perf_counter()
    done = subprocess.run(argv, env=dict(variables), check=True, capture_output=True)
    whole = time.perf_counter() - started
    place = Path(json.loads(done.stdout)["artifact_uri"].removeprefix("file://"))
    phases: Figures = json.loads((place / "runner" / "record.json").read_text())["phases"]
    return {**phases, "whole": whole}


if __name__ == "__main__":
    main()
