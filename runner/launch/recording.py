"""A run in the store, from its creation to a terminal state on every way out.

    PREPARING ─► RUNNING ─► FINISHED | FAILED | KILLED      (LOST: our lease ran out, found by the next command)

The output and the documents lie in `<home>/live/<run>` while the run goes on, and become artifacts at its end.
"""

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from msgspec import Struct

from runner.environments.model import LOCK_FILES, Environment, Lock
from runner.errors import Conflict, RunnerError
from runner.executors import Exit
from runner.files import remove_tree, sha256
from runner.launch import artifacts, machine, provenance, reusing
from runner.launch.creating import created
from runner.launch.dependencies import Descriptor
from runner.launch.inputs import Inputs
from runner.launch.plan import SOURCE_FILES, Plan, PlannedSource, bundle_file
from runner.launch.planning import Planned
from runner.launch.results import Found, changed, matching, read_metrics
from runner.launch.stopping import Stopped
from runner.progress import Progress
from runner.settings import Settings
from runner.sources.model import Capture
from runner.tracking import ArtifactStore, OpenStore, checks, this_process_lease
from runner.tracking.logs import LogWriter
from runner.tracking.model import Metric, Run, RunStatus

RECORD_SCHEMA = 1
OBSERVED_FILE = "runner/packages.txt"


class Recording(Struct):
    """A run that is going on. `live` is its directory, `record` what record.json will hold."""

    run: Run
    store: OpenStore
    artifacts: ArtifactStore
    live: Path
    log: LogWriter
    progress: Progress
    status: RunStatus = RunStatus.FAILED
    exit: Exit | None = None
    record: dict[str, Any] = {}
    tags: dict[str, str] = {}
    plan: Plan | None = None
    packages: list[Descriptor] = []

    def planned(self, plan: Plan, lock: Lock | None) -> None:
        """Keep the plan, and the lock beside it. Which environment it is, is known for good with the lock."""
        self.plan = plan
        document = json.dumps(plan.to_json(), indent=2, ensure_ascii=False)
        self.artifacts.put_bytes(document.encode(), "runner/plan.json")
        self.tags |= {"runner.plan": plan.digest, "mlflow.project.env": plan.environment.kind}
        if lock is not None:
            self.artifacts.put_bytes(lock.text.encode(), LOCK_FILES[lock.kind])
            self.tags["runner.lock"] = lock.digest
            if lock.as_of:
                self.tags["runner.as_of"] = lock.as_of
            if digest := _image_digest(lock):
                self.tags["runner.image"] = digest

    def keep(self, capture: Capture, source: PlannedSource) -> None:
        """Keep the code that nobody else has, below runner/source/. Where that fails, the run goes on."""
        files = {SOURCE_FILES["patch"]: capture.patch, SOURCE_FILES["archive"]: capture.archive}
        files |= {
            bundle_file(number): file for number, (_, file) in enumerate(sorted(capture.bundles.items()))
        }
        if source.patch:
            self.tags["runner.patch"] = source.patch
        for path, file in files.items():
            if file is not None:
                with self._warned(path):
                    self.artifacts.put_file(file, path)

    def given(self, plan: Plan, inputs: Inputs, *, identity: str | None) -> None:
        """Keep what the inputs are; the plan with their digests is another one. `identity`: what makes another run the same."""
        self.record["inputs"] = inputs.recorded
        if inputs.digests:
            self.planned(plan, None)
        if identity is not None:
            self.tags[reusing.TAG] = identity

    def running(self, environment: Environment, command: str) -> None:
        """The program is about to start."""
        self.record |= {"environment": _environment(environment), "command": command}
        if environment.observed:
            self.artifacts.put_bytes(environment.observed.text.encode(), OBSERVED_FILE)
        if environment.key:
            self.tags["runner.environment"] = environment.key
        if environment.image:
            self.tags["mlflow.docker.image.id"] = environment.image
        self.store.update_run(self.run.id, status=RunStatus.RUNNING)

    def ended(self, exit_: Exit, *, left_running: Sequence[str]) -> None:
        """The program has ended; its code decides, also about runs which it began itself and left running."""
        self.exit = exit_
        self.tags["runner.exit_code"] = str(exit_.code)
        if exit_.trouble is not None:
            self.tags["runner.trouble"] = exit_.trouble
            self.progress.warn(exit_.trouble)
        if exit_.signal is not None:
            self.tags["runner.signal"] = str(exit_.signal)
        if exit_.stopped_by is not None:
            self.status = RunStatus.KILLED
        elif exit_.code == 0:
            self.status = RunStatus.FINISHED
        for run_id in left_running:
            with suppress(RunnerError):
                self.store.update_run(run_id, status=self.status, ended=_now())

    def results(
        self,
        directory: Path,
        *,
        plan: Plan,
        before: Mapping[str, tuple[int, int]],
        hurried: Callable[[], bool],
    ) -> None:
        """Record what the program left behind. What cannot be recorded is a warning: how the program ended stands.

        `hurried` says whether to leave the rest: somebody has asked us to stop.
        """
        with self._warned("metrics"):
            for found in self._written(directory, plan.metrics, before, "metrics"):
                with self._warned(found.path):
                    self._keep_metrics(found)
        self.record["outputs"], self.record["artifacts"] = [], []
        with self._warned("outputs"):
            for found in self._written(directory, plan.outputs, before, "outputs"):
                if hurried():
                    self.progress.warn(f"{found.path} and what follows was not kept: stopped")
                    break
                with self._warned(found.path):
                    self._keep_output(found)
        with self._warned("artifacts"), self.progress.phase("artifacts") as phase:
            known = {output["path"]: output["digest"] for output in self.record["outputs"]}
            self.record["artifacts"] = artifacts.listed(
                self.store, self.artifacts, known, phase=phase, hurried=hurried
            )

    def _written(
        self, directory: Path, patterns: tuple[str, ...], before: Mapping[str, tuple[int, int]], kind: str
    ) -> list[Found]:
        written = changed(matching(directory, patterns), before)
        if patterns and not written and self.status is RunStatus.FINISHED:
            self.progress.notice(f"the program wrote none of its {kind}: {', '.join(patterns)}")
        return written

    def _keep_metrics(self, found: Found) -> None:
        good: list[Metric] = []
        for point in read_metrics(found, time=_now()):
            with self._warned(found.path):
                checks.metrics([point])
                good.append(point)
        self.store.log(self.run.id, metrics=good)

    def _keep_output(self, found: Found) -> None:
        # `runner` and `logs` hold our own documents, which a project's files must not replace
        ours = found.path.split("/")[0] in {"runner", "logs"}
        path = f"outputs/{found.path}" if ours else found.path
        size, digest = found.file.stat().st_size, self.artifacts.put_file(found.file, path)
        self.record["outputs"].append({"path": path, "bytes": size, "digest": digest})

    @contextmanager
    def _warned(self, path: str) -> Iterator[None]:
        """What goes wrong with `path` is said, and no more."""
        try:
            yield
        except (RunnerError, OSError) as error:
            hint = error.hint if isinstance(error, RunnerError) else None
            text = str(error) if str(error).startswith(path) else f"{path}: {error}"
            self.progress.warn(text, hint=hint)

    def failed(self, error: BaseException) -> None:
        """We could not get as far as the program, or could not follow it."""
        match error:
            case Stopped():
                self.status = RunStatus.KILLED
                self.tags["runner.signal"] = str(error.number)
            case KeyboardInterrupt():
                self.status = RunStatus.KILLED
            case _:
                self.status = RunStatus.FAILED
        self.tags["runner.error"] = str(error)[:4000] or type(error).__name__
        if isinstance(error, RunnerError) and error.detail:
            self.log.write("stderr", f"{error}\n{error.detail}\n".encode())

    def close(self) -> None:
        """Write the terminal state first, then what belongs to it: a full disk must not leave the run RUNNING."""
        ended = _now()
        self.log.close()
        if self.log.failure is not None:
            self.progress.warn(f"the output could not be kept to its end: {self.log.failure}")
        self.store.update_run(self.run.id, status=self.status, ended=ended)
        with suppress(Conflict):  # somebody has deleted the run meanwhile: then nobody misses its tags
            self.store.log(self.run.id, tags=self.tags)
        self._keep_documents(ended)
        remove_tree(self.live)

    def _keep_documents(self, ended: int) -> None:
        self.record |= {
            "ended": ended,
            "status": self.status.value,
            "exit": {"code": self.exit.code, "signal": self.exit.signal} if self.exit else None,
            "phases": {name: round(seconds, 6) for name, seconds in self.progress.seconds.items()},
            "warnings": [message.text for message in self.progress.messages if message.level == "warning"],
        }
        document = json.dumps(self.record, indent=2, ensure_ascii=False)
        digest = self.artifacts.put_bytes(document.encode(), "runner/record.json")
        if self.plan is not None:
            said = provenance.statement(self.plan, self.record, record_digest=digest, packages=self.packages)
            self.artifacts.put_bytes(json.dumps(said, ensure_ascii=False).encode(), provenance.FILE)
        for file in sorted(self.live.glob("*.*")):
            if file.stat().st_size or file.suffix == ".tsv":
                self.artifacts.put_file(file, f"logs/{file.name}")


@contextmanager
def recording(
    planned: Planned, *, store: OpenStore, settings: Settings, progress: Progress
) -> Iterator[Recording]:
    """Create the run; whatever happens in the block, it ends in a terminal state, and what was raised goes on."""
    lease = this_process_lease(settings)
    run = created(planned, store=store, settings=settings, progress=progress, lease=lease)
    try:
        going = _begin(run, store=store, settings=settings, progress=progress)
    except BaseException:
        store.update_run(run.id, status=RunStatus.FAILED, ended=_now())
        raise
    with _leased(going, settings):
        try:
            with store.showing(run.id, going.live):
                going.keep(planned.capture, planned.plan.source)
                yield going
        except BaseException as error:
            going.failed(error)
            with suppress(RunnerError, OSError):  # the first error is the one to tell
                going.close()
            raise
        going.close()


def _begin(run: Run, *, store: OpenStore, settings: Settings, progress: Progress) -> Recording:
    live = settings.home / "live" / run.id
    live.mkdir(parents=True, exist_ok=True)
    return Recording(
        run=run,
        store=store,
        artifacts=store.artifacts(run.artifact_uri),
        live=live,
        log=LogWriter(live),
        progress=progress,
        record={
            "schema": RECORD_SCHEMA,
            "run": {"id": run.id, "name": run.name, "experiment": run.experiment_id},
            "user": run.user,
            "started": run.started,
            "attempt": 1,
            "engine": "local",
            "machine": machine.facts(),
        },
    )


def _image_digest(lock: Lock) -> str | None:
    """Under which name others can have the image, if a registry knows it."""
    image = json.loads(lock.text).get("image") if lock.kind == "image" else None
    digest: str | None = image["digest"] if image else None
    return digest


def _environment(environment: Environment) -> dict[str, Any]:
    interpreter, observed = environment.interpreter, environment.observed
    return {
        "kind": environment.kind,
        "key": environment.key,
        "reused": environment.reused,
        "packages": environment.packages,
        "image": environment.image,
        "interpreter": {"version": interpreter.version, "implementation": interpreter.implementation}
        if interpreter
        else None,
        "observed": {
            "python": str(observed.python),
            "packages": len(observed.lines),
            "digest": f"sha256:{sha256(observed.text)}",
        }
        if observed
        else None,
    }


@contextmanager
def _leased(going: Recording, settings: Settings) -> Iterator[None]:
    """Renew the lease every third of its length."""
    over = threading.Event()

    def renew() -> None:
        while not over.wait(settings.lease_seconds / 3):
            with suppress(RunnerError, OSError):  # the store may be busy; the next renewal is soon
                going.store.renew_lease(going.run.id, this_process_lease(settings))

    thread = threading.Thread(target=renew, name="lease", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _now() -> int:
    return time.time_ns() // 1_000_000
