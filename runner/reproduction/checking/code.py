"""The code of a recorded run: had in a fresh tree for a moment, as the run itself will have it."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from msgspec.structs import replace

from runner import launch
from runner.errors import ProjectError, RunnerError, UsageError
from runner.launch.planning import Planned
from runner.progress import Phase, Progress
from runner.records import Recorded
from runner.reproduction.again import requested
from runner.reproduction.changes import Changes
from runner.reproduction.checking.model import Check, State
from runner.settings import Settings


@contextmanager
def had(
    recorded: Recorded, changes: Changes, *, settings: Settings, phase: Phase
) -> Iterator[Planned | Check]:
    """A plan with its tree, for as long as the block; or what is missing for one."""
    phase.update("looking for the code")
    with ExitStack() as stack:
        found: Planned | Check
        try:
            request = stack.enter_context(requested(recorded, changes))
            asked = replace(request, environment_only=True, digests=False)
            found = stack.enter_context(launch.plan(asked, settings=settings, progress=Progress()))
        except (UsageError, ProjectError) as error:
            found = _missing("entry point", error)
        except RunnerError as error:
            found = _missing("code", error)
        yield found


def _missing(what: str, error: RunnerError) -> Check:
    detail = f" ({error.detail.splitlines()[-1]})" if error.detail else ""
    return Check(what=what, state=State.MISSING, said=f"{error}{detail}", hint=error.hint)


def checked(recorded: Recorded, planned: Planned) -> list[Check]:
    """What there is to say of code that can be had."""
    left_out = [
        Check(what="code", state=State.WARNING, said=f"not recorded: {text}")
        for text in recorded.plan.source.left_out
    ]
    return [_there(recorded, planned), *left_out, _command(planned)]


def _command(planned: Planned) -> Check:
    """What is going to be executed, as the code at hand has it, and not as somebody has recorded it."""
    return Check(what="command", said=" ".join(planned.entry_point.command.split()))


def _there(recorded: Recorded, planned: Planned) -> Check:
    source = recorded.plan.source
    if planned.request.repeated is not None and planned.request.repeated.planned is None:
        return Check(what="code", said=f"{planned.checkout.uri}, instead of the recorded one")
    parts = [f"commit {source.commit[:10]}"] if source.commit else []
    if source.patch:
        parts.append("the changes that were not committed" if source.commit else "the tree as it was")
    if source.bundles:
        parts.append("the commits that were not pushed")
    if source.submodules:
        parts.append(f"{len(source.submodules)} submodule{'s' * (len(source.submodules) > 1)}")
    if source.dirty and not source.patch and not source.left_out:
        said = ", ".join(parts) + "; the tree had changes that were not recorded"
        return Check(what="code", state=State.WARNING, said=said)
    return Check(what="code", said=", ".join(parts) or f"{source.kind} {source.uri}")
