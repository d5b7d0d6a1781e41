"""The list of what a repeated run needs, gone through."""

from pathlib import Path

from runner.launch.planning import Planned
from runner.progress import Phase, Progress
from runner.records import Recorded
from runner.reproduction.again import as_then
from runner.reproduction.changes import UNCHANGED, Changes
from runner.reproduction.checking import code, environment, inputs, machine
from runner.reproduction.checking.model import Check, Checklist, State
from runner.settings import Settings


def checked(
    recorded: Recorded,
    changes: Changes = UNCHANGED,
    *,
    settings: Settings,
    progress: Progress,
    files: bool = True,
) -> Checklist:
    """Look whether all is there; executes nothing, records nothing.

    Args:
        files: ask indexes, channels and registries for what the environment is made of.
    """
    settings = as_then(recorded, changes, settings)
    items = [_origin(recorded)]
    items += [Check(what="record", state=State.WARNING, said=text) for text in recorded.concluded]
    with progress.phase("checking") as phase:
        with code.had(recorded, changes, settings=settings, phase=phase) as found:
            if isinstance(found, Check):
                tree, opened = None, set[str]()
                items += [found, *environment.without_code(recorded, changes)]
            else:
                tree, opened = found.checkout.path, _opened(found)
                items += code.checked(recorded, found)
                items += environment.checked(
                    recorded, changes, found, settings=settings, phase=phase, files=files
                )
            data = inputs.checked(
                recorded,
                changes,
                tree=tree,
                opened=opened,
                directory=Path.cwd(),
                settings=settings,
                phase=phase,
            )
        items += [*_secrets(recorded, changes), *data.checks, *machine.checked(recorded)]
        _tell(items, phase)
    return Checklist(checks=tuple(items), inputs=data.inputs)


def _origin(recorded: Recorded) -> Check:
    """Whose run it is: that of a bundle or a server may be a stranger's."""
    by = f", by {recorded.run.user}" if recorded.run.user else ""
    return Check(what="run", said=f"{recorded.run.name}{by}, from {recorded.place}")


def _opened(planned: Planned) -> set[str]:
    """Parameters whose data the program opens itself."""
    return {name for name, one in planned.entry_point.parameters.items() if one.type == "uri"}


def _secrets(recorded: Recorded, changes: Changes) -> list[Check]:
    """No record holds their values."""
    missing = sorted(set(recorded.plan.secrets) - changes.parameters.keys())
    if not missing:
        return []
    return [
        Check(
            what="secrets",
            state=State.MISSING,
            said=f"{', '.join(missing)}: secrets are not recorded",
            hint=f"give {'it' if len(missing) == 1 else 'them'}: "
            + " ".join(f"-P {name}=..." for name in missing),
        )
    ]


def _tell(items: list[Check], phase: Phase) -> None:
    counts = {state: sum(check.state is state for check in items) for state in State}
    phase.summary = ", ".join(f"{count} {state.value}" for state, count in counts.items() if count)
