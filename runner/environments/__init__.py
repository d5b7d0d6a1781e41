"""What a program runs in: from a declaration to a lock, from a lock to an environment.

choose(spec, manager) ─► resolve(spec, wishes) ─► Lock ─► prepare(spec, lock) ─► Environment

choice.py         what `--env-manager` makes of a declaration
locking.py        declaration to lock: by its kind to one of the packages below; resolutions.py: locks made before
documents.py      a lock as a file beside the project: written, and checked whether it is out of date
kinds.py          the packages below, by name
building.py       lock to environment: reuse or build once, by a recipe (recipes.py); trouble.py: how it goes wrong
buildlog.py       what a build tells, while it goes on and afterwards
cache.py          where it lies, whose turn it is; brought.py: packages that came with a bundle

python/           virtual environments
conda/            conda environments, with no conda on the machine
images/           container images, and environments inside of them

kept/             what lies in the cache, seen by a person: list, explain, verify, collect
moving/           finished environments as files, and back
"""

from runner.environments.building import prepare
from runner.environments.choice import MANAGERS, choose
from runner.environments.locking import resolve
from runner.environments.model import Environment, Interpreter, Lock, Wishes

__all__ = [
    "MANAGERS",
    "Environment",
    "Interpreter",
    "Lock",
    "Wishes",
    "choose",
    "prepare",
    "resolve",
]
