"""`runner env`: the environments in the cache.

listing.py      list, show, remove              explaining.py   explain
collecting.py   gc                              verifying.py    verify
texts.py        how sizes and moments look      moving.py       export, import       projects.py    whose environment
"""

import click

from runner.cli.env.collecting import gc
from runner.cli.env.explaining import explain
from runner.cli.env.listing import list_, remove, show
from runner.cli.env.moving import export, import_
from runner.cli.env.verifying import verify


@click.group
def command() -> None:
    """List, show, explain, verify, move, remove cached environments."""


for each in (list_, show, explain, verify, export, import_, remove, gc):
    command.add_command(each)
