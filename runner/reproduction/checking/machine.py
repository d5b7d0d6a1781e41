"""This machine beside the one of a recorded run: what may make numbers differ."""

from collections.abc import Iterator, Mapping
from typing import Any

from runner.launch import machine
from runner.records import Recorded
from runner.reproduction.checking.model import Check, State

# What decides how numbers are computed, in the words of the list. Names of hosts, memory and versions of ours do not.
FACTS: Mapping[str, str] = {
    "system": "operating system",
    "architecture": "architecture",
    "processor": "processor",
    "cpu_flags": "extensions of the processor",
    "cpus": "number of processors",
    "cpus_allowed": "number of processors that may be used",
    "cpu_limit": "limit of processor time",
    "libc": "C library",
    "gpus": "set of GPUs",
    "gpu_driver": "GPU driver",
    "cuda": "CUDA",
}


def checked(recorded: Recorded) -> list[Check]:
    """One item for all that is alike, and one for each fact that is not."""
    then = recorded.record.get("machine")
    if not isinstance(then, Mapping):
        return [Check(what="machine", state=State.WARNING, said="was not recorded")]
    unlike = list(_unlike(then, machine.facts()))
    return unlike or [Check(what="machine", said="alike")]


def _unlike(then: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Check]:
    for key, name in FACTS.items():
        if key in then and key in now and then[key] != now[key]:
            said = f"another {name}: {_shown(now[key])}, and {_shown(then[key])} then"
            yield Check(what="machine", state=State.WARNING, said=said)


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return "none" if value is None else str(value)
