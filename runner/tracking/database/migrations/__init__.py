"""Alembic's directory: env.py connects, versions/ holds the steps, script.py.mako is the form of a new one."""
