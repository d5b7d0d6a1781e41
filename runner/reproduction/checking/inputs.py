"""The data of a recorded run: there, and equal? Equal data is taken wherever it lies on this machine."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from runner import digests, sources
from runner.errors import RunnerError
from runner.progress import Phase
from runner.records import Recorded
from runner.reproduction.changes import Changes
from runner.reproduction.checking.model import Check, State
from runner.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Data:
    """What was found: the items of the list, and where the data of each parameter is."""

    checks: tuple[Check, ...] = ()
    inputs: Mapping[str, Path] = field(default_factory=dict)


def checked(
    recorded: Recorded,
    changes: Changes,
    *,
    tree: Path | None,
    opened: Collection[str],
    directory: Path,
    settings: Settings,
    phase: Phase,
) -> Data:
    """The data of all parameters that name some.

    Args:
        opened: those of them that the program opens itself (type `uri`).
        tree: the project in a fresh tree, as far as its code can be had.
        directory: where the person is.
    """
    checks: list[Check] = []
    inputs: dict[str, Path] = dict(changes.inputs)
    for name, value in recorded.plan.inputs.items():
        if name in changes.parameters:
            continue
        if name in opened and name in changes.inputs:
            checks.append(_not_reached(name, value))
            inputs.pop(name)
            continue
        if sources.is_remote(value) and name not in changes.inputs:
            checks.append(Check(what=f"input {name}", said=f"{value}: fetched, and compared then"))
            continue
        phase.update(f"reading {name}")
        expected = recorded.plan.input_digests.get(name)
        places = [path for path in _places(recorded, changes, name, tree, directory) if path.exists()]
        item, place = _looked_at(name, value, places, expected, settings=settings, phase=phase)
        checks.append(item)
        if place is not None and not (tree is not None and place.is_relative_to(tree)):
            inputs[name] = place
    return Data(checks=tuple(checks), inputs=inputs)


def _not_reached(name: str, value: str) -> Check:
    return Check(
        what=f"input {name}",
        state=State.WARNING,
        said=f"the program opens {value} itself: --input does not reach it",
        hint=f"to give it another one: runner rerun RUN -P {name}=...",
    )


def _places(
    recorded: Recorded, changes: Changes, name: str, tree: Path | None, directory: Path
) -> Iterator[Path]:
    """Where it may be, first where `launch` itself would look."""
    if name in changes.inputs:
        yield changes.inputs[name].expanduser().absolute()
        return
    value = Path(recorded.plan.inputs[name]).expanduser()
    source = recorded.plan.source
    if tree is not None:
        yield tree / value
    yield (directory / value).absolute()
    if source.kind == "directory" and source.uri.startswith("/"):
        yield Path(source.uri, source.subdirectory) / value


def _looked_at(
    name: str,
    value: str,
    places: list[Path],
    expected: str | None,
    *,
    settings: Settings,
    phase: Phase,
) -> tuple[Check, Path | None]:
    """What is to be said, and the place to take: that with the same data, else the first."""
    what = f"input {name}"
    if not places:
        return Check(
            what=what,
            state=State.MISSING,
            said=f"there is no file or directory {value} here",
            hint=f"say where it is: --input {name}=PATH",
        ), None
    if expected is None:
        said = f"{places[0]}: whether its content is the same was not recorded"
        return Check(what=what, state=State.WARNING, said=said), places[0]
    found = {place: _digest(place, settings, phase) for place in places}
    equal = next((place for place, digest in found.items() if digest == expected), None)
    if equal is not None:
        return Check(what=what, said=f"{value}, equal to what was read then ({expected[:19]})"), equal
    return Check(
        what=what,
        state=State.WARNING,
        said=f"{places[0]} is not what was read then: {found[places[0]][:19]} instead of {expected[:19]}",
        hint=f"say where the same data is: --input {name}=PATH",
    ), places[0]


def _digest(place: Path, settings: Settings, phase: Phase) -> str:
    try:
        return digests.digest(place, cache=settings.cache, phase=phase).digest
    except RunnerError as error:
        return str(error)
