"""Container images as environments: locked by digest, had or built, and with an environment inside of them.

document.py     the lock, as JSON
locking.py      `docker_env` and `--in-image` to a lock; dockerfile.py: the base images of a build
preparing.py    lock to image: having.py pulls, keeping.py builds once for equal inputs, inside.py adds an environment
interior.py     the Python and the C library of an image
baking.py       the project's code on top (`--build-image`)
collecting.py   images of ours that nobody uses any more
"""

from runner.environments.images.baking import bake
from runner.environments.images.collecting import collect, listed
from runner.environments.images.locking import resolve, resolve_inside
from runner.environments.images.preparing import prepare

__all__ = ["bake", "collect", "listed", "prepare", "resolve", "resolve_inside"]
