"""Python environments: requirements to a lock, a lock to a virtual environment.

locking.py                      declaration to lock; shipped.py: the one beside the project
requirements.py, pylock.py      the texts of both; question.py: what else decides the lock
recipe.py                       lock to virtual environment
versions.py, interpreters.py    which Python; places.py: where they lie, downloading.py: one that this machine has not
tools.py                        who does it: uv.py, or else pip.py; installer.py is what both can do
observing.py                    what the caller's own environment holds
"""
