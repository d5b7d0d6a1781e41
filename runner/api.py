"""``runner.run(...)``: start a run from Python, also from inside another run, whose child it becomes.

Standard library only, and written for every Python since 3.7: inside a run, the project's interpreter imports this
file. The work is done by a `runner` process of its own.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from typing import Dict, List, Mapping, Optional

__all__ = ["Run", "RunFailed", "run"]


class RunFailed(Exception):
    """The run did not finish well; `run` is its handle, None when there was none to start."""

    def __init__(self, message: str, run: "Optional[Run]" = None) -> None:
        super().__init__(message)
        self.run = run


class Run:
    """A run that was started.

    Attributes:
        run_id: its id in the store; waits until the run has been created.
        name: its name; None until it has been created.
        status: PREPARING or RUNNING, then FINISHED, FAILED or KILLED.
        exit_code: the program's exit code, or runner's own; None while it goes on.
        reused: it is an earlier run that did the same; waits until that is known.
    """

    def __init__(self, process: "subprocess.Popen[bytes]", announced: str) -> None:
        self._process = process
        self._announced = announced
        self._facts: Dict[str, str] = {}

    @property
    def run_id(self) -> str:
        """Raises RunFailed when the run ended before it was created."""
        while "run_id" not in self._read():
            if self._process.poll() is not None and "run_id" not in self._read():
                raise RunFailed(
                    "no run was created: runner ended with exit code {}".format(self.exit_code), self
                )
            time.sleep(0.01)
        return self._facts["run_id"]

    @property
    def status(self) -> str:
        going_on = self._process.poll() is None
        known = self._read().get("status")
        if going_on:
            return known or "PREPARING"
        return known if known in ("FINISHED", "FAILED", "KILLED") else "FAILED"

    @property
    def name(self) -> Optional[str]:
        return self._read().get("name")

    @property
    def reused(self) -> bool:
        return bool(self.run_id) and self._read().get("reused") == "true"

    @property
    def exit_code(self) -> Optional[int]:
        return self._process.poll()

    def wait(self) -> bool:
        """Wait for the end; whether the run finished well."""
        self._process.wait()
        return self.status == "FINISHED"

    def cancel(self) -> None:
        """Ask the run to stop, and wait until it has; it is KILLED then. An ended run is left alone."""
        if self._process.poll() is None:
            self._process.terminate()
            self._process.wait()

    def get_status(self) -> str:
        """The status, by the name that MLflow's handle has for it."""
        return self.status

    def _read(self) -> Dict[str, str]:
        try:
            with open(self._announced, encoding="utf-8") as file:
                lines = file.read().splitlines()
        except OSError:
            return self._facts
        for line in lines:
            self._facts.update(json.loads(line))
        if self._process.poll() is not None and self._facts.get("status", "RUNNING") not in (
            "RUNNING",
            "PREPARING",
        ):
            with suppress(OSError):
                os.unlink(self._announced)
        return self._facts


def run(
    uri: str = ".",
    entry_point: str = "main",
    parameters: Optional[Mapping[str, object]] = None,
    version: Optional[str] = None,
    experiment_name: Optional[str] = None,
    run_name: Optional[str] = None,
    env_manager: Optional[str] = None,
    synchronous: bool = True,
    tags: Optional[Mapping[str, str]] = None,
    cwd: Optional[str] = None,
    seed: Optional[int] = None,
    step: Optional[str] = None,
    reuse: Optional[bool] = None,
) -> Run:
    """Run an entry point of a project and record it.

    Args:
        uri: directory, Git URL or zip file, with `#subdirectory`.
        entry_point: its name in the project.
        parameters: name -> value; values are recorded as `str(value)`.
        version: branch, tag or commit of a Git URL.
        experiment_name: experiment to record in; inside a run, that run's.
        run_name: name of the run; a speakable one is made up otherwise.
        env_manager: auto, local or virtualenv; inside a run, that run's.
        synchronous: wait for the end, and raise when it is not a good one.
        tags: recorded with the run.
        cwd: directory from which relative paths count.
        seed: for the program's random numbers, instead of the project's.
        step: name of this step of a workflow, recorded as the tag `runner.step`; a step is reused unless `reuse` is False.
        reuse: take a finished run that did the same, if there is one.

    Returns:
        the handle: `run_id`, `status`, `wait()`, `cancel()`.

    Raises:
        RunFailed: synchronous, and the run did not finish well.
    """
    descriptor, announced = tempfile.mkstemp(prefix="runner-", suffix=".jsonl")
    os.close(descriptor)
    options = {
        "--entry-point": entry_point,
        "--version": version,
        "--experiment-name": experiment_name,
        "--run-name": run_name,
        "--env-manager": env_manager,
        "--seed": seed,
        "--announce": announced,
    }
    given = ["{}={}".format(name, value) for name, value in options.items() if value is not None]
    given += ["-P{}={}".format(name, value) for name, value in (parameters or {}).items()]
    labels = dict(tags or {}, **({} if step is None else {"runner.step": step}))
    given += ["--tag={}={}".format(name, value) for name, value in labels.items()]
    if reuse if reuse is not None else step is not None:
        given.append("--reuse")
    handle = Run(subprocess.Popen([*_runner(), "run", *given, "--", uri], cwd=cwd), announced)
    if synchronous:
        _finish(handle)
    return handle


def _finish(handle: Run) -> None:
    try:
        good = handle.wait()
    except BaseException:
        handle.cancel()
        raise
    if not good:
        what = "run {} {} with exit code {}".format(
            handle.name or "", handle.status.lower(), handle.exit_code
        )
        raise RunFailed(what, handle)


def _runner() -> List[str]:
    return [os.environ.get("RUNNER_PYTHON", sys.executable), "-P", "-m", "runner"]
