"""Container engines: the only place that talks to one. The SDK is imported for what wire.py does not do, and not before.

engine.py      the connection, found as the `docker` command finds it; trouble.py: what an engine refuses, in words
wire.py        the API at a socket of this machine; session.py: that of an engine elsewhere, by the SDK
model.py       what a person asks of a container
arguments.py   `-A`, options of `docker run`; volumes.py: volumes as people write them
creating.py    the container of a run; passwd.py: its user, network.py: its way to us, owners.py: whose it is
running.py     from its start to its removal; guard.py: when we are killed, written.py: files that are brought out
images.py      images: found, pulled, built, removed; references.py: their names, contexts.py: what a build is given
layers.py      images made of others: files on top, and looking inside
"""
