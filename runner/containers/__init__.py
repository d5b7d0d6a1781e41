"""Container engines: the only place that talks to one. The SDK is imported when a connection is made, and not before.

engine.py    the connection, found as the `docker` command finds it
trouble.py   what an engine refuses, in words
"""
