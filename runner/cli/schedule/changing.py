"""`runner schedule add`, `edit`: definitions."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from runner.cli.output import print_json
from runner.cli.run import command as run_command
from runner.cli.run import pairs
from runner.cli.schedule.texts import shown, summary
from runner.errors import UsageError
from runner.scheduling import defining
from runner.scheduling.deciding import upcoming
from runner.scheduling.times import seconds
from runner.tracking import open_database_store
from runner.tracking.schedules import Definition, Missed, OnlyIf, Overlap

F = TypeVar("F", bound=Callable[..., Any])

NOT_FOR_SCHEDULES = {"uri", "dry_run", "as_json", "quiet", "backend", "announce", "keep", "tracking_uri"}
OWN = {
    "entry_point",
    "version",
    "parameters",
    "from_environment",
}  # fields of a definition; the others are words
RUN_OPTIONS = [
    option
    for option in run_command.params
    if isinstance(option, click.Option) and option.name not in NOT_FOR_SCHEDULES
]


class Length(click.ParamType[int]):
    """`90s`, `15m`, `6h` as seconds; `0` for none."""

    name = "length"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if not isinstance(value, str):
            return int(value)
        try:
            return 0 if value == "0" else seconds(value)
        except UsageError as error:
            self.fail(f"{error}: {error.hint}", param, ctx)


LENGTH = Length()

POLICIES: tuple[Callable[[Any], Any], ...] = (
    click.option("--tz", "zone", metavar="ZONE", help="Time zone of the expression; UTC by default."),
    click.option(
        "--missed",
        type=click.Choice([each.value for each in Missed]),
        help="What becomes of times at which no scheduler was there: nothing, one firing for all, one for each.",
    ),
    click.option(
        "--at-most",
        "most",
        metavar="NUMBER",
        type=click.IntRange(1, 100),
        help="With --missed all: how many.",
    ),
    click.option(
        "--grace",
        metavar="LENGTH",
        type=LENGTH,
        help="What starts no later than this is on time; 1m by default.",
    ),
    click.option(
        "--overlap",
        type=click.Choice([each.value for each in Overlap]),
        help="What becomes of a firing while the one before it goes on.",
    ),
    click.option("--jitter", metavar="LENGTH", type=LENGTH, help="Start up to so much later, spread evenly."),
    click.option(
        "--retries", metavar="NUMBER", type=click.IntRange(0, 100), help="How often to try again what failed."
    ),
    click.option(
        "--retry-on",
        metavar="REASON",
        multiple=True,
        help=f"What to try again: {', '.join(defining.TRIED)}; repeatable.",
    ),
    click.option(
        "--retry-delay",
        metavar="LENGTH",
        type=LENGTH,
        help="Pause before the second try; it doubles each time.",
    ),
    click.option("--retry-delay-most", metavar="LENGTH", type=LENGTH, help="The longest pause."),
    click.option(
        "--timeout", metavar="LENGTH", type=LENGTH, help="Stop a run that takes longer; 0 for never."
    ),
    click.option(
        "--only-if",
        type=click.Choice([*(each.value for each in OnlyIf), "always"]),
        help="Run only if this is another than at the last success.",
    ),
    click.option(
        "--on",
        "hooks",
        metavar="EVENT=TARGET",
        multiple=True,
        help="Tell a command, a webhook or apprise of success, failure, recovery or missed; repeatable.",
    ),
    click.option("--unchecked", is_flag=True, help="Do not look whether the project can be run."),
    click.option("--json", "as_json", is_flag=True, help="Print JSON."),
)


def options(function: F) -> F:
    """Those of `runner run` that make sense here, and those of schedules."""
    for decorate in reversed(POLICIES):
        function = decorate(function)
    params: list[click.Parameter] = getattr(function, "__click_params__", [])
    params.extend(reversed(RUN_OPTIONS))
    return function


@click.command
@click.argument("name")
@click.argument("expression")
@click.argument("uri", default=".")
@options
@click.pass_context
def add(ctx: click.Context, /, *, name: str, expression: str, uri: str, **_given: Any) -> None:
    """Add a schedule NAME: the project at URI runs whenever EXPRESSION comes.

    EXPRESSION is a cron expression, @daily and its like, or "every 15m". Options of `runner run` are kept for the runs.
    """
    base = Definition(expression=expression, uri=uri, directory=str(Path.cwd()))
    _keep(ctx, name, base)


@click.command
@click.argument("name")
@click.option("--at", "expression", metavar="EXPRESSION", help="Other times.")
@click.option("--uri", metavar="URI", help="Another project.")
@options
@click.pass_context
def edit(ctx: click.Context, /, *, name: str, **_given: Any) -> None:
    """Change what is given about a schedule; its history stays."""
    _keep(ctx, name, None)


def _keep(ctx: click.Context, name: str, base: Definition | None) -> None:
    """Add it, or change it where there is no `base`."""
    settings = ctx.obj.settings
    with closing(open_database_store(settings)) as store:
        before = None if base else store.schedules.get(name)
        given = {
            key: value
            for key, value in ctx.params.items()
            if ctx.get_parameter_source(key) is ParameterSource.COMMANDLINE
        }
        changed = _changed(base or (before.definition if before else None), given, _words(ctx))
        now = store.schedules.now()
        definition = defining.checked(changed, now=now)
        if not ctx.params["unchecked"]:
            defining.check_project(definition, settings=settings)
        if before is None:
            kept = store.schedules.add(name, definition, upcoming=upcoming(name, definition, now))
        else:
            same = (definition.expression, definition.zone, definition.jitter) == (
                before.definition.expression,
                before.definition.zone,
                before.definition.jitter,
            )
            following = None if same else upcoming(name, definition, store.schedules.now())
            kept = store.schedules.change(name, definition, upcoming=following)
    if ctx.params["as_json"]:
        print_json(summary(kept))
        return
    click.echo(f"{kept.name}: next {shown(kept.upcoming.due, definition.zone)}", err=True)


def _changed(base: Definition | None, given: Mapping[str, Any], words: Mapping[str, list[str]]) -> Definition:
    assert base is not None
    plain = ("expression", "uri", "zone", "version", "entry_point", "most", "grace", "jitter")
    changes: dict[str, Any] = {name: given[name] for name in plain if name in given}
    if "missed" in given:
        changes["missed"] = Missed(given["missed"])
    if "overlap" in given:
        changes["overlap"] = Overlap(given["overlap"])
    if "only_if" in given:
        changes["only_if"] = None if given["only_if"] == "always" else OnlyIf(given["only_if"])
    if "timeout" in given:
        changes["timeout"] = given["timeout"] or None
    if "hooks" in given:
        changes["hooks"] = _hooks(given["hooks"])
    return replace(
        base,
        **changes,
        parameters={**base.parameters, **pairs(given.get("parameters", ()), option="-P")},
        from_environment={
            **base.from_environment,
            **pairs(given.get("from_environment", ()), option="--param-from-env"),
        },
        retry=_retry(base, given),
        options=_options(base, words),
    )


def _retry(base: Definition, given: Mapping[str, Any]) -> Any:
    names = {"retries": "most", "retry_delay": "delay", "retry_delay_most": "longest"}
    changes = {field: given[name] for name, field in names.items() if name in given}
    if "retry_on" in given:
        changes["after"] = tuple(given["retry_on"])
    return replace(base.retry, **changes)


def _hooks(texts: Iterable[str]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for text in texts:
        event, equal, target = text.partition("=")
        if not equal:
            raise UsageError(f"--on {text!r} is not EVENT=TARGET", hint="write --on failure=https://...")
        found[event] = (*found.get(event, ()), target)
    return found


def _words(ctx: click.Context) -> dict[str, list[str]]:
    """The options of `runner run` that were given, by name, as they are written on its command line."""
    found: dict[str, list[str]] = {}
    for option in RUN_OPTIONS:
        name = option.name or ""
        if name in OWN or ctx.get_parameter_source(name) is not ParameterSource.COMMANDLINE:
            continue
        long = max(option.opts, key=len)
        value = ctx.params[name]
        values = value if option.multiple else (value,)
        found[long] = [long] if option.is_flag else [f"{long}={each}" for each in values]
    return found


def _options(base: Definition, words: Mapping[str, list[str]]) -> tuple[str, ...]:
    kept = [word for word in base.options if word.partition("=")[0] not in words]
    return (*kept, *(word for given in words.values() for word in given))
