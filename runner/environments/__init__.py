"""What a program runs in: from a declaration to a lock, from a lock to an environment in the cache.

choose(spec, manager) ─► resolve(spec) ─► Lock ─► prepare(spec, lock) ─► Environment

choice.py         what `--env-manager` makes of a declaration
locking.py        declaration to lock           requirements.py, pylock.py: the texts; versions.py, interpreters.py: Python
resolutions.py    locks made before
building.py       lock to environment           installer.py: who does it, uv.py or else pip.py; trouble.py: how it goes wrong
cache.py          where it lies, whose turn it is
collecting.py     list, remove, collect
"""

from runner.environments.building import prepare
from runner.environments.choice import MANAGERS, choose
from runner.environments.collecting import Collection, Entry, collect, entries, entry, remove
from runner.environments.interpreters import find, find_interpreters
from runner.environments.locking import check, document, resolve
from runner.environments.model import Environment, Interpreter, Lock

__all__ = [
    "MANAGERS",
    "Collection",
    "Entry",
    "Environment",
    "Interpreter",
    "Lock",
    "check",
    "choose",
    "collect",
    "document",
    "entries",
    "entry",
    "find",
    "find_interpreters",
    "prepare",
    "remove",
    "resolve",
]
