"""A line for `crontab -e`, with the variables that it needs before it."""

import shlex
from collections.abc import Mapping

from runner.scheduling.exporting import Export
from runner.scheduling.exporting.fields import fields


def files(export: Export) -> Mapping[str, str]:
    """Lines to be added to a crontab."""
    when = fields(export.schedule.definition)
    lines = [
        f"# Schedule {export.name} of runner. CRON_TZ is read by cronie; other crons count in the zone of the machine.",
        *(f"# {name} must be in its environment, too: it is a secret." for name in export.secrets),
        f"CRON_TZ={when.zone}",
        f"{when.expression} {_command(export)}",
    ]
    return {f"{export.name}.crontab": "\n".join([*lines, ""])}


def _command(export: Export) -> str:
    """The variables stand in the line, for those of a crontab are for all lines below. In cron % is the end of a line."""
    variables = [f"{name}={shlex.quote(value)}" for name, value in export.variables.items()]
    return " ".join([*variables, shlex.join(export.argv)]).replace("%", "\\%")
