"""A recorded run reproduced: launched once more, compared with itself, judged.

Recorded ─► again (once, or several times to learn how far repetitions are apart) ─► compare ─► verdict ─► causes
"""

import json
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field

from runner import launch
from runner.errors import EnvironmentFailed, InputError, ProjectError, RunnerError, SourceError, UsageError
from runner.progress import Progress
from runner.records import Recorded, Unrepeatable
from runner.reproduction.again import again
from runner.reproduction.causes import ranked
from runner.reproduction.changes import UNCHANGED, Changes
from runner.reproduction.comparing import Tolerances, compare, learnt
from runner.reproduction.comparing.tolerances import EXACT
from runner.reproduction.differing import differences
from runner.reproduction.model import Compared, Difference, Tolerance, Verdict
from runner.reproduction.verdict import verdict
from runner.settings import Settings
from runner.tracking.model import Run

VERDICT = "runner.verdict"  # tag of the new run
REPRODUCED = "runner.reproduced"  # tag of the original: JSON, verdict and id of the newest reproduction
# What keeps a program from being started is something that is missing; whatever fails otherwise is told as it is.
MISSING = (EnvironmentFailed, InputError, ProjectError, SourceError, UsageError, Unrepeatable)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reproduced:
    """How it went.

    Attributes:
        verdict: None where nothing was asked but whether all is there.
        runs: the new ones, the judged one first.
        compared: its results beside those of the original.
        causes: what may explain that they differ, the likeliest first.
        tolerances: within which results count as equivalent.
        children: how many runs the original has started, which are not compared.
        trouble: what is missing, where the verdict is `impossible`; or why causes could not be looked for.
    """

    verdict: Verdict | None
    runs: tuple[Run, ...] = ()
    compared: tuple[Compared, ...] = ()
    causes: tuple[Difference, ...] = ()
    tolerances: Tolerances = field(default_factory=Tolerances)
    children: int = 0
    trouble: RunnerError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a person asks of a reproduction.

    Attributes:
        changes: secrets, and where data is on this machine.
        tolerance: how far numbers may be apart.
        ignore: patterns of results that are not compared.
        repeat: how often to run; from two on, the tolerance of each result is learnt from the repetitions.
        experiment_name: where to record the new runs.
    """

    changes: Changes = UNCHANGED
    tolerance: Tolerance = EXACT
    ignore: Sequence[str] = ()
    repeat: int = 1
    experiment_name: str | None = None


def reproduce(
    recorded: Recorded,
    asked: Asked,
    *,
    settings: Settings,
    progress: Progress,
    spectator: launch.Spectator,
    serve: launch.Serve,
    ended: Callable[[launch.Result], object] = lambda _result: None,
) -> Reproduced:
    """Launch, compare, judge, and tag both runs with the verdict.

    Raises:
        Interrupted: a signal ended it; the run that was going on is recorded as killed.
        RunnerError: the store does not answer.
    """
    with ExitStack() as stack:
        repeats: list[Recorded] = []
        for _ in range(asked.repeat):
            once_more = again(
                recorded,
                asked.changes,
                settings=settings,
                progress=progress,
                spectator=spectator,
                serve=serve,
                experiment_name=asked.experiment_name,
                ended=ended,
            )
            try:
                repeats.append(stack.enter_context(once_more))
            except MISSING as error:
                return Reproduced(verdict=Verdict.IMPOSSIBLE, trouble=error)
        with progress.phase("comparing"):
            found = judged(recorded, repeats, asked, settings=settings)
        _tag(recorded, repeats[0], found)
        return found


def judged(
    recorded: Recorded, repeats: Sequence[Recorded], asked: Asked, *, settings: Settings
) -> Reproduced:
    """The first repetition beside the original; the others say how far apart such runs are."""
    tolerances = (
        Tolerances(otherwise=asked.tolerance)
        if len(repeats) == 1
        else learnt(repeats, least=asked.tolerance, ignore=asked.ignore)
    )
    new = repeats[0]
    compared = compare(recorded, new, tolerances, ignore=asked.ignore)
    result = verdict(compared)
    causes: Sequence[Difference] = ()
    trouble: RunnerError | None = None
    if result is Verdict.DIFFERENT:
        try:
            causes = ranked(differences(recorded, new, settings=settings))
        except RunnerError as error:  # the verdict stands without its causes
            trouble = error
    return Reproduced(
        verdict=result,
        runs=tuple(one.run for one in repeats),
        compared=tuple(compared),
        causes=tuple(causes),
        tolerances=tolerances,
        children=recorded.children(),
        trouble=trouble,
    )


def _tag(recorded: Recorded, new: Recorded, found: Reproduced) -> None:
    """Both runs say it; an original that cannot be changed is left alone."""
    assert found.verdict is not None
    if new.tag is not None:
        new.tag({VERDICT: found.verdict.value})
    if recorded.tag is not None:
        with suppress(RunnerError):
            told = {"verdict": found.verdict.value, "run": new.run.id}
            recorded.tag({REPRODUCED: json.dumps(told)})
