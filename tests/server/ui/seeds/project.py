"""A project at a Git address, run as people run it: from a commit, from a newer one, from a working copy so that it fails.

The address is that of nobody: git reads a repository beside the home instead.
"""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from runner.tracking.clock import now
from runner.tracking.model import Metric, Run, RunStatus
from runner.tracking.sql.store import SqlStore
from tests.environments.wheels import Index

ADDRESS = "https://git.example.org/vision/digits.git"
EXPERIMENT = "releases"
HOST, KERNEL = "gpu-03", "6.8.0-48-generic"
HOUR = 3_600_000  # ms
FILES = {
    ".gitignore": "metrics.json\n",
    "MLproject": """\
name: digits
python_env: python_env.yaml
entry_points:
  main:
    parameters:
      lr: {type: float, default: 0.01, description: learning rate}
      epochs: {type: int, default: 12}
      seed: {type: int, default: 1}
    metrics: metrics.json
    command: "python train.py {lr} {epochs} {seed}"
""",
    "python_env.yaml": "dependencies: [scikit-learn==1.5.2, numpy==2.1.3]\n",
    "train.py": """\
import json, sys

lr, epochs = float(sys.argv[1]), int(sys.argv[2])
points = []
for step in range(epochs):
    points.append({"step": step, "val/loss": 0.1 + (1 + lr) / (1 + step), "val/acc": 0.97 - 0.5 / (1 + step + lr)})
    print(f"epoch {step}: loss {points[-1]['val/loss']:.4f}", flush=True)
if lr > 1:
    print("\\x1b[31mloss is not finite\\x1b[0m", file=sys.stderr)
    sys.exit("diverged: lr is too large")
json.dump(points, open("metrics.json", "w"))
""",
}
BETTER = {
    "train.py": FILES["train.py"].replace("0.97 - 0.5", "0.98 - 0.4"),
    "python_env.yaml": "dependencies: [scikit-learn==1.5.2, numpy==2.2.0]\n",
}
SPREAD = (-0.003, 0.001, 0.004, -0.001)  # of the accuracy of repeats
PACKAGES: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {  # name: versions, what they need
    "numpy": (("2.1.3", "2.2.0"), ()),
    "scipy": (("1.14.1",), ("numpy",)),
    "joblib": (("1.4.2",), ()),
    "threadpoolctl": (("3.5.0",), ()),
    "scikit_learn": (("1.5.2",), ("numpy", "scipy", "joblib", "threadpoolctl")),
}
# `runner`, as it is on a machine of that name and kind
RUNNER = (
    f"import platform, socket; socket.gethostname = lambda: {HOST!r}; platform.release = lambda: {KERNEL!r}; "
    "from runner.cli import main; main()"
)


def services(home: Path) -> dict[str, str]:
    """Where git and uv find what is below `home`, and nothing else."""
    return {
        "GIT_CONFIG_GLOBAL": str(home / "gitconfig"),
        "GIT_CONFIG_NOSYSTEM": "1",
        "UV_CACHE_DIR": str(home / "uv-cache"),
        "UV_INDEX_URL": (home / "no-wheels").as_uri(),
        "UV_FIND_LINKS": str(home / "wheels"),
    }


def run_project(store: SqlStore, home: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """Run it; publish something better and run that; try a bold change that nobody has committed."""
    _make_index(home)
    copy = _make_repository(home, environ)
    _run(ADDRESS, environ, "first-try", "lr=0.01")
    _write(copy, BETTER)
    for arguments in (
        ("commit", "--quiet", "--all", "--message=Wider, with newer numpy"),
        ("push", "--quiet", "origin", "main"),
    ):
        _git(copy, environ, *arguments)
    _run(ADDRESS, environ, "second-try", "lr=0.02")
    _write(copy, {"train.py": BETTER["train.py"].replace("0.98", "0.99")})
    _run(str(copy), environ, "diverged", "lr=2.0", "--env-manager", "local", code=1)
    names = {"first": "first-try", "second": "second-try", "diverged": "diverged"}
    runs = {called: store.run(name) for called, name in names.items()}
    _repeat(store, runs["first"], now() - 6 * HOUR)
    _repeat(store, runs["second"], now())
    return {called: run.id for called, run in runs.items()}


def _make_index(home: Path) -> None:
    (home / "no-wheels").mkdir(parents=True)
    (home / "wheels").mkdir()
    index = Index(home / "wheels")
    for name, (versions, requires) in PACKAGES.items():
        for version in versions:
            index.add(name, version, requires=requires)


def _make_repository(home: Path, environ: Mapping[str, str]) -> Path:
    """A working copy, whose commits are at the address."""
    served, copy = home / "digits.git", home.parent / "digits"
    (home / "gitconfig").write_text(
        "[user]\n\tname = Ann\n\temail = ann@example.org\n[init]\n\tdefaultBranch = main\n[gc]\n\tauto = 0\n"
        f'[url "{served.as_uri()}"]\n\tinsteadOf = {ADDRESS}\n'
    )
    copy.mkdir()
    _write(copy, FILES)
    for arguments in (
        ("init", "--quiet"),
        ("init", "--quiet", "--bare", str(served)),
        ("remote", "add", "origin", ADDRESS),
        ("add", "."),
        ("commit", "--quiet", "--message=Train on digits"),
        ("push", "--quiet", "origin", "main"),
    ):
        _git(copy, environ, *arguments)
    return copy


def _write(directory: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        (directory / name).write_text(text)


def _git(directory: Path, environ: Mapping[str, str], *arguments: str) -> None:
    subprocess.run(("git", "-C", str(directory), *arguments), env=environ, check=True)


def _run(
    project: str, environ: Mapping[str, str], name: str, parameter: str, *options: str, code: int = 0
) -> None:
    words = ("--experiment-name", EXPERIMENT, "--run-name", name, "-P", parameter, *options)
    command = [sys.executable, "-c", RUNNER, "run", project, *words]
    done = subprocess.run(
        command, env={**environ, "LOGNAME": "ann"}, capture_output=True, text=True, check=False
    )
    assert done.returncode == code, done.stderr


def _repeat(store: SqlStore, run: Run, begun: int) -> None:
    """The same with other seeds, one right after the other."""
    tags = {key: value for key, value in run.tags.items() if key not in {"runner.plan", "mlflow.runName"}}
    for seed, spread in enumerate(SPREAD, start=2):
        like = store.create_run(
            run.experiment_id,
            name=f"{run.name}-seed-{seed}",
            user=run.user,
            started=begun + seed,
            params={**run.params, "seed": str(seed)},
            tags=tags,
        )
        metrics = [Metric(each.key, each.value + spread, begun, each.step) for each in run.metrics.values()]
        store.log(like.id, metrics=metrics)
        store.update_run(like.id, status=RunStatus.FINISHED, ended=begun + seed + 400)
