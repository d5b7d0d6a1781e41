"""compare(first, second, tolerance): every result of two runs, held against each other."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from runner.records.model import Recorded
from runner.reproduction.comparing.artifacts import artifacts
from runner.reproduction.comparing.metrics import latest, metric
from runner.reproduction.comparing.passing import Passing
from runner.reproduction.comparing.tolerances import EXACT, Tolerances
from runner.reproduction.model import Compared, Outcome, Tolerance

UNSTEADY = "repetitions differ in it as well"


def compare(
    first: Recorded,
    second: Recorded,
    tolerance: Tolerance | Tolerances = EXACT,
    *,
    ignore: Sequence[str] = (),
) -> list[Compared]:
    """The exit, the params, the metrics and the artifacts of two runs, in this order and by name.

    Args:
        first, second: the run that is to be reproduced, and what came of it.
        tolerance: for all results, or what was `learnt` of each.
        ignore: patterns (as of a shell) of names that are not compared; `path:place` for a place in an artifact.

    Raises:
        TrackingError: their store does not answer, or an artifact is gone.
    """
    tolerances = Tolerances(otherwise=tolerance) if isinstance(tolerance, Tolerance) else tolerance
    passing = Passing(ignore)
    found = (
        *_exits(first, second),
        *_params(first, second, passing),
        *_metrics(first, second, tolerances, passing),
        *artifacts(first, second, tolerances, passing),
    )
    return [_judged(one, tolerances) for one in found]


def _exits(first: Recorded, second: Recorded) -> Iterator[Compared]:
    yield _text("exit", "status", first.run.status.value, second.run.status.value)
    codes = exit_code(first), exit_code(second)
    if None not in codes:  # plain MLflow records none
        yield _text("exit", "code", *codes)


def exit_code(recorded: Recorded) -> str | None:
    """With which code its program ended, as text; None if nobody knows."""
    match recorded.record.get("exit"):
        case {"code": int(code)}:
            return str(code)
    return recorded.run.tags.get("runner.exit_code")


def _params(first: Recorded, second: Recorded, passing: Passing) -> Iterator[Compared]:
    for key in sorted({*first.run.params, *second.run.params}):
        found = _text("param", key, first.run.params.get(key), second.run.params.get(key))
        yield _ignored(found, "as asked") if passing.asked(key) else found


def _metrics(
    first: Recorded, second: Recorded, tolerances: Tolerances, passing: Passing
) -> Iterator[Compared]:
    for key in sorted({*first.run.metrics, *second.run.metrics}):
        if (reason := passing.metric(key)) or key not in first.run.metrics or key not in second.run.metrics:
            yield _ignored(_text("metric", key, latest(first, key), latest(second, key)), reason)
        else:
            yield metric(first, second, key, tolerances)


def _text(kind: str, name: str, before: str | None, after: str | None) -> Compared:
    """Compare what is equal or not, and nothing between."""
    match before, after:
        case str(), None:
            outcome = Outcome.MISSING
        case None, str():
            outcome = Outcome.ADDED
        case _:
            outcome = Outcome.SAME if before == after else Outcome.DIFFERENT
    return Compared(kind=kind, name=name, outcome=outcome, before=before, after=after)


def _ignored(found: Compared, reason: str) -> Compared:
    if not reason or found.outcome is Outcome.SAME:
        return found
    return replace(found, outcome=Outcome.IGNORED, note=reason)


def _judged(found: Compared, tolerances: Tolerances) -> Compared:
    """What repetitions of the same run differ in as well is as close as can be."""
    differs = found.outcome in {Outcome.DIFFERENT, Outcome.MISSING, Outcome.ADDED}
    if not differs or (found.kind, found.name) not in tolerances.unsteady:
        return found
    return replace(found, outcome=Outcome.CLOSE, note="; ".join(filter(None, (found.note, UNSTEADY))))
