"""Conda environments, with no conda on the machine.

CondaEnv ─► locking.py ─► conda-lock.yml ─► recipe.py ─► environment
            │ a lock that the project ships        │ packages, checked against their hashes
            │ solving.py   what is asked of whom   │ pip_section.py
            └ pip_section.py                       └ activation.py   done once, kept as a difference

asking.py, worker.py       py-rattler, in a process of its own
channels.py, configuration.py   where packages come from       packages.py, lockfile.py   what is locked
shipped.py                 locks of projects: explicit.py, pixi.py, untrusted.py          wheels.py   for pip_section.py
other_solver.py            conda-lock with a conda, mamba or micromamba    machine.py   on what else a solution depends
"""
