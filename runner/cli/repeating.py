"""Options of the commands that execute recorded runs once more and hold the results against each other."""

import click

SIZE = click.FloatRange(min=0)

rtol = click.option(
    "--rtol",
    type=SIZE,
    default=0.0,
    metavar="X",
    help="Numbers that differ by at most X times their size are close.",
)
atol = click.option(
    "--atol", type=SIZE, default=0.0, metavar="X", help="Numbers that differ by at most X are close."
)
secrets = click.option(
    "-P",
    "parameters",
    multiple=True,
    metavar="NAME=VALUE",
    help="A secret parameter, for its value is not recorded; repeat for more.",
)
