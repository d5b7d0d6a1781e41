"""Names of what is another at each run by nature: how long something took, what the machine was doing.

Only names that can mean nothing else: `lead_time` and `mae_seconds` are results, `fit_time` and `train_seconds` are not.
"""

import re

SYSTEM = "system/"  # MLflow's measurements of the machine

_ACTIVITY = (
    "train|training|fit|fitting|eval|evaluation|val|valid|validation|test|testing|predict|inference|score|scoring"
    "|epoch|step|batch|iter|iteration|forward|backward|optimizer|load|loading|dataloader|data|preprocess|preprocessing"
    "|save|saving|checkpoint|compile|compilation|tuning|wall|wallclock|cpu|gpu|elapsed|execution|exec"
)
_SUMMARY = "mean|avg|average|std|min|max|total|sum|median|last|cumulative|p50|p90|p95|p99"
_UNIT = "s|sec|secs|second|seconds|ms|msec|millis|milliseconds|us|ns|min|mins|minutes|h|hours"
_THING = (
    "sample|samples|step|steps|token|tokens|image|images|example|examples|iter|iters|iteration|iterations|it"
    "|batch|batches|epoch|epochs|row|rows|record|records|frame|frames|request|requests|item|items"
)
_TIMING = re.compile(
    rf"(?:.*[/.:])?(?:(?:{_SUMMARY})_)*(?:"
    rf"(?:(?:{_ACTIVITY})_)+(?:time|runtime|duration|elapsed|latency)(?:_(?:{_UNIT}))?"  # fit_time, train_duration_ms
    r"|(?:(?:" + _ACTIVITY + r")_)+(?:seconds|secs|ms|milliseconds)"  # epoch_seconds
    rf"|(?:duration|runtime|walltime|elapsed)(?:_(?:{_UNIT}))?"
    rf"|(?:(?:{_ACTIVITY})_)*(?:time|seconds|secs|ms)_per_(?:{_THING})"  # seconds_per_epoch
    rf"|(?:(?:{_ACTIVITY})_)*(?:{_THING})_per_(?:s|sec|second)"  # train_samples_per_second
    r")",
    re.IGNORECASE,
)
LONGEST = 200  # characters of a name that can be one of these


def by_nature(name: str) -> bool:
    """Whether a metric, a key of a document or a column of that name measures time or the machine.

    >>> [by_nature(name) for name in ("system/cpu", "train/epoch_time", "mean_fit_time", "train_samples_per_second")]
    [True, True, True, True]
    >>> [by_nature(name) for name in ("lead_time", "mae_seconds", "time", "meters_per_second")]
    [False, False, False, False]
    """
    if name.startswith(SYSTEM):
        return True
    return len(name) <= LONGEST and _TIMING.fullmatch(name.replace("-", "_")) is not None
