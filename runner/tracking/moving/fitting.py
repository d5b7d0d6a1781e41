"""What of a thing the store takes: keys and values beyond its limits are left out one by one, and the rest comes."""

from collections.abc import Callable, Iterable, Iterator, Mapping

from runner.tracking import checks
from runner.tracking.model import Metric
from runner.tracking.moving.report import Report


def params(values: Mapping[str, str], report: Report, *, of: str) -> dict[str, str]:
    """Params of a run or a model."""
    return _texts(values, checks.params, report, f"param {{!r}} of {of}")


def tags(values: Mapping[str, str], report: Report, *, of: str, longest: int) -> dict[str, str]:
    """Tags of anything."""
    return _texts(values, lambda one: checks.tags(one, longest=longest), report, f"tag {{!r}} of {of}")


def points(metrics: Iterable[Metric], report: Report, *, of: str) -> Iterator[Metric]:
    """Points of metrics; of a key that is refused only the first is told."""
    refused: set[str] = set()
    for point in metrics:
        if point.key not in refused:
            before = len(report.left)
            with report.leaving(f"metric {point.key!r} of {of}"):
                checks.metrics([point])
                yield point
            if len(report.left) > before:
                refused.add(point.key)


def _texts(
    values: Mapping[str, str], check: Callable[[Mapping[str, str]], None], report: Report, what: str
) -> dict[str, str]:
    taken = {}
    for key, value in values.items():
        with report.leaving(what.format(key)):
            check({key: value})
            taken[key] = value
    return taken
