"""Container images as environments: locked by digest, had or built, and with an environment inside of them.

document.py     the lock, as JSON
locking.py      `docker_env` to a lock, locking_inside.py: `--in-image`; dockerfile.py: the base images of a build
preparing.py    lock to image: having.py pulls, keeping.py builds once for equal inputs, inside.py adds an environment
interior.py     the Python and the C library of an image
baking.py       the project's code on top (`--build-image`)
collecting.py   images of ours that nobody uses any more
"""
