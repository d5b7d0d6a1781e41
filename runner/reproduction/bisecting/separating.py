"""From two recorded runs to the changes between them that can be tried one by one."""

from collections.abc import Iterator, Mapping
from typing import Any

from runner.launch.plan import Plan
from runner.records import Recorded
from runner.reproduction import mixing
from runner.reproduction.again import OF_SEED
from runner.reproduction.bisecting.model import Change
from runner.reproduction.differing import code
from runner.reproduction.differing.parameters import given
from runner.reproduction.mixing.images import IMAGE
from runner.reproduction.mixing.parts import PYTHON
from runner.reproduction.model import Aspect

ENVIRONMENT, CODE, ENTRY_POINT, SEED = "environment", "code", "entry point", "seed"
_SHORT = 10


def separated(a: Recorded, b: Recorded) -> list[Change]:
    """What of B can be put into A; the environment first, then code, parameters, data, seed and variables."""
    own, coupled = _parameters(a.plan, b.plan)
    of_code = tuple(_code(a.plan, b.plan, coupled))
    of_other_code = any(change.whole for change in of_code)
    return [
        *_environment(a, b, whole_anyway=of_other_code),
        *of_code,
        *own,
        *_seed(a.plan, b.plan, of_code=of_other_code),
        *_variables(a, b),
    ]


def other_data(a: Recorded, b: Recorded) -> list[str]:
    """Parameters under whose one value two different data were read, and neither came with the code."""
    return [
        name
        for name, digest in sorted(a.plan.input_digests.items())
        if b.plan.input_digests.get(name, digest) != digest
        and a.plan.inputs.get(name) == b.plan.inputs.get(name)
        and not (_in_project(a, name) and _in_project(b, name))
    ]


def other_packages(a: Recorded, b: Recorded) -> bool:
    """Whether other packages were observed in environments that we have not made."""
    digests = [run.facts("environment", "observed").get("digest") for run in (a, b)]
    return digests[0] != digests[1]


def data_change(name: str, a: Recorded, b: Recorded) -> Change:
    """Such data as a change; where both are must be known to try it."""
    before, after = (run.plan.input_digests[name].rpartition(":")[2][:_SHORT] for run in (a, b))
    return Change(aspect=Aspect.DATA, name=name, before=before, after=after)


def _environment(a: Recorded, b: Recorded, *, whole_anyway: bool) -> Iterator[Change]:
    kinds = a.plan.environment.kind, b.plan.environment.kind
    if a.lock is None or b.lock is None or kinds[0] != kinds[1]:
        if (kinds[0] != kinds[1] or (a.lock is None) != (b.lock is None)) and not whole_anyway:
            yield Change(aspect=Aspect.PACKAGE, name=ENVIRONMENT, before=kinds[0], after=kinds[1], whole=True)
        return
    try:
        changed = mixing.changed(a.lock, b.lock)
    except mixing.Unmixable:
        yield Change(aspect=Aspect.PACKAGE, name=ENVIRONMENT, before=kinds[0], after=kinds[1])
        return
    aspects = {PYTHON: Aspect.INTERPRETER, IMAGE: Aspect.IMAGE}
    for item in changed:
        aspect = aspects.get(item.name, Aspect.PACKAGE)
        yield Change(aspect=aspect, name=item.name, before=item.before, after=item.after)


def _code(a: Plan, b: Plan, coupled: tuple[str, ...]) -> Iterator[Change]:
    """Parameters that only one knows go with the code, and where that is the same with the entry point."""
    other = other_code(a, b)
    if other:
        before, after = _told(a), _told(b)
        yield Change(aspect=Aspect.CODE, name=CODE, before=before, after=after, whole=True, coupled=coupled)
    if a.entry_point != b.entry_point:
        yield Change(
            aspect=Aspect.ENTRY_POINT,
            name=ENTRY_POINT,
            before=a.entry_point,
            after=b.entry_point,
            coupled=() if other else coupled,
        )


def other_code(a: Plan, b: Plan) -> bool:
    """Whether the code is another; of a directory outside version control nobody knows what was in it then."""
    known = code.known(a.source) and code.known(b.source)
    return code.identity(a.source) != code.identity(b.source) or not (known or a.source.uri == b.source.uri)


def _told(plan: Plan) -> str:
    source = plan.source
    if source.commit is None:
        return (source.patch or source.digest or source.uri).rpartition(":")[2][:_SHORT]
    return source.commit[:_SHORT] + (" and changes" if source.patch or source.dirty else "")


def _parameters(a: Plan, b: Plan) -> tuple[list[Change], tuple[str, ...]]:
    """Those with two values; and names of those that only one side has, where something else decides which there are."""
    mine, theirs = given(a), given(b)
    names = [name for name in sorted(mine.keys() | theirs.keys()) if mine.get(name) != theirs.get(name)]
    tied = other_code(a, b) or a.entry_point != b.entry_point
    single = tuple(name for name in names if tied and not (name in mine and name in theirs))
    inputs = {**a.inputs, **b.inputs}
    return [
        Change(
            aspect=Aspect.DATA if name in inputs else Aspect.PARAMETER,
            name=name,
            before=mine.get(name),
            after=theirs.get(name),
        )
        for name in names
        if name not in single
    ], single


def _seed(a: Plan, b: Plan, *, of_code: bool) -> Iterator[Change]:
    """A seed that only one side has comes with its code, if that is another one."""
    if a.seed != b.seed and not (of_code and None in {a.seed, b.seed}):
        before, after = (None if plan.seed is None else str(plan.seed) for plan in (a, b))
        yield Change(aspect=Aspect.SEED, name=SEED, before=before, after=after)


def _variables(a: Recorded, b: Recorded) -> Iterator[Change]:
    mine, theirs = variables(a), variables(b)
    follow = OF_SEED if a.plan.seed != b.plan.seed else ()
    for name in sorted((mine.keys() | theirs.keys()) - set(follow)):
        if mine.get(name) != theirs.get(name):
            yield Change(aspect=Aspect.VARIABLE, name=name, before=mine.get(name), after=theirs.get(name))


def variables(run: Recorded) -> Mapping[str, str]:
    """The environment variables that were recorded."""
    return {name: text for name, text in run.facts("variables").items() if isinstance(text, str)}


def _in_project(run: Recorded, name: str) -> bool:
    """Whether the data lay in the tree of the code."""
    found: Any = run.record.get("inputs")
    facts = [item for item in found if isinstance(item, Mapping)] if isinstance(found, list) else []
    return any(item.get("name") == name and item.get("in_project") for item in facts)
