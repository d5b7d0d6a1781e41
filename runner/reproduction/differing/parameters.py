"""What was asked for: entry point, command, parameters, secrets, seed."""

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence

from runner.launch.plan import Plan
from runner.reproduction.differing import weights
from runner.reproduction.model import Aspect, Difference


def differences(first: Plan, second: Plan) -> Iterator[Difference]:
    """Between two plans."""
    if first.entry_point != second.entry_point:
        yield Difference(
            aspect=Aspect.ENTRY_POINT,
            name="entry point",
            before=first.entry_point,
            after=second.entry_point,
            weight=weights.ENTRY_POINT,
        )
    yield from _command(first, second)
    yield from _parameters(first, second)
    yield from _secrets(first, second)
    if first.seed != second.seed:
        yield Difference(
            aspect=Aspect.SEED,
            name="seed",
            before=_text(first.seed),
            after=_text(second.seed),
            change=changed(first.seed, second.seed),
            weight=weights.SEED,
        )


def changed(before: object, after: object) -> str:
    """In a word: changed, added or removed."""
    if before is None:
        return "added"
    return "removed" if after is None else "changed"


def given(plan: Plan) -> dict[str, str]:
    """All parameters whose values are kept, declared or not."""
    return {**plan.parameters, **plan.extra_parameters}


def _parameters(first: Plan, second: Plan) -> Iterator[Difference]:
    mine, theirs = given(first), given(second)
    for name in sorted({*mine, *theirs}):
        before, after = mine.get(name), theirs.get(name)
        if before == after or name in first.secrets or name in second.secrets:
            continue
        same = _same_data(name, first, second)
        yield Difference(
            aspect=Aspect.PARAMETER,
            name=name,
            before=before,
            after=after,
            change=changed(before, after),
            detail="the data there is the same" if same else "",
            weight=weights.SAME_DATA if same else weights.PARAMETER,
        )


def _same_data(name: str, first: Plan, second: Plan) -> bool:
    """Whether both values name the same data."""
    digest = first.input_digests.get(name)
    return digest is not None and digest == second.input_digests.get(name)


def _secrets(first: Plan, second: Plan) -> Iterator[Difference]:
    for name in sorted({*first.secrets} ^ {*second.secrets}):
        here = name in second.secrets
        yield Difference(
            aspect=Aspect.PARAMETER,
            name=name,
            before=None if here else "(secret)",
            after="(secret)" if here else None,
            change="added" if here else "removed",
            weight=weights.SECRET,
        )


def _command(first: Plan, second: Plan) -> Iterator[Difference]:
    """Where the parameters alone do not explain it."""
    if first.command == second.command or _follows(first, second):
        return
    alone = given(first) == given(second)
    yield Difference(
        aspect=Aspect.ENTRY_POINT,
        name="command",
        before=first.command,
        after=second.command,
        weight=weights.COMMAND if alone else weights.COMMAND_WITH_PARAMETERS,
    )


def _follows(first: Plan, second: Plan) -> bool:
    """Whether the commands differ in nothing but the values of parameters that differ."""
    mine, theirs = given(first), given(second)
    differing = [name for name in {*mine, *theirs} if mine.get(name) != theirs.get(name)]
    return any(
        _blanked(first.command, mine, differing, edge) == _blanked(second.command, theirs, differing, edge)
        for edge in (r"(?<![\w.])(?:{})(?![\w.])", "{}")  # alone; or inside of a word, as in out_{alpha}.txt
    )


def _blanked(command: str, values: Mapping[str, str], differing: Sequence[str], edge: str) -> str:
    """The command without these parameters, the longest values first."""
    texts = {shlex.quote(values[name]) for name in differing if values.get(name)}
    for text in sorted(texts, key=len, reverse=True):
        command = re.sub(edge.format(re.escape(text)), " ", command)
    options = {f"--{name}" for name in differing}
    return " ".join(word for word in command.split() if word.rstrip("=") not in options)


def _text(value: object) -> str | None:
    return None if value is None else str(value)
