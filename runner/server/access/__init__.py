"""Who may ask, and what for.

guard.py             before everything: host (hosts.py), origin, caller, size
caller.py            who calls, and the view of the store that they have
authentication.py    users by password, token or cookie; passwords.py, attempts.py
sessions.py          who is signed in with a browser
permitted.py  permitted_models.py  permitted_registry.py     the store as a user may see and change it, by rights.py
scope.py  scoped.py  scoped_models.py  scoped_registry.py    the store as the program of one run may
"""
