"""Python environments: requirements to a lock, a lock to a virtual environment.

locking.py          declaration to lock           requirements.py, pylock.py: the texts
recipe.py           lock to virtual environment
versions.py, interpreters.py                      which Python
tools.py            who does it: uv.py, or else pip.py; installer.py is what both can do
"""
