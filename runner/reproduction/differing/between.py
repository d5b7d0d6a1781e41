"""Two sides held against each other, with their code at hand where that is needed and can be had."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from runner.errors import RunnerError
from runner.launch.results import matching
from runner.reproduction.differing import code, history, inputs, machine, packages, parameters
from runner.reproduction.differing.asked import asked
from runner.reproduction.differing.executed import Executed, executed
from runner.reproduction.differing.sides import Side
from runner.reproduction.model import Difference
from runner.settings import Settings
from runner.sources.model import Checkout


@dataclass(frozen=True, slots=True, kw_only=True)
class _Trees:
    """Both trees; or why there are none."""

    first: Checkout | None = None
    second: Checkout | None = None
    trouble: str = ""


def between(first: Side, second: Side, *, settings: Settings) -> list[Difference]:
    """All differences; see `differing.differences`."""
    same_code = code.alike(first.plan.source, second.plan.source)
    environments = packages.compared(first, second)
    with _trees(first, second, same=same_code, needed=bool(environments.steps)) as trees:
        reading = _executed(first, second, trees)
        return [
            *([] if same_code else _code(first, second, trees, reading, settings)),
            *code.left_out(first.plan.source, second.plan.source),
            *parameters.differences(first.plan, second.plan),
            *packages.differences(environments, executed=reading, asked=_asked(trees)),
            *machine.differences(first, second),
            *inputs.differences(first, second),
        ]


@contextmanager
def _trees(first: Side, second: Side, *, same: bool, needed: bool) -> Iterator[_Trees]:
    """The trees, if the code is not the same, or is `needed` to judge the rest."""
    if same and not needed:
        yield _Trees()
        return
    with ExitStack() as stack:
        try:
            mine = stack.enter_context(first.tree())
            theirs = mine if same else stack.enter_context(second.tree())
            found = _Trees(first=mine, second=theirs)
        except (RunnerError, OSError) as error:
            found = _Trees(trouble=f"its files are not compared: {error}")
        yield found


def _code(
    first: Side, second: Side, trees: _Trees, reading: Executed | None, settings: Settings
) -> Iterator[Difference]:
    mine, theirs = first.plan.source, second.plan.source
    way = None
    if mine.commit and theirs.commit and mine.commit != theirs.commit:
        places = (*first.repositories, *second.repositories)
        way = history.between(mine.commit, theirs.commit, repositories=places, settings=settings)
    yield from code.commits(mine, theirs, history=way, trouble=trees.trouble)
    if trees.first is not None and trees.second is not None:
        results = _results(first, trees.first) | _results(second, trees.second)
        yield from code.files(trees.first.root, trees.second.root, reading, results)


def _results(side: Side, checkout: Checkout) -> frozenset[str]:
    """Files of the tree that its program writes, which an earlier run has left there."""
    patterns = side.plan.metrics + side.plan.outputs
    return frozenset(
        found.file.relative_to(checkout.root).as_posix() for found in matching(checkout.path, patterns)
    )


def _executed(first: Side, second: Side, trees: _Trees) -> Executed | None:
    """What either of them executes."""
    found = Executed()
    for side, checkout in ((first, trees.first), (second, trees.second)):
        if checkout is None:
            return None
        found |= executed(checkout.root, home=checkout.path, command=side.plan.command)
    return found


def _asked(trees: _Trees) -> frozenset[str] | None:
    """What either of them asks for."""
    found = [asked(checkout.path) for checkout in (trees.first, trees.second) if checkout is not None]
    known = [names for names in found if names is not None]
    return frozenset().union(*known) if known else None
