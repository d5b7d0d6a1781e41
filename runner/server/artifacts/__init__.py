"""Artifacts through us, as MLflow's clients ask for them.

paths.py       what a request names  ->  a path below the root, or a refusal
upload.py      the body of a request, piece by piece, with its digests
content.py     an artifact as an answer: ranges, conditions, headers that keep a browser from running it
files.py       what we need of a place for artifacts: a Protocol, and its values
directory.py   such a place on this machine        objects.py   such a place in an object store, or in memory
forwarded.py   such a place of another server, for the programs of runs that are recorded there
served.py      what the routes answer from, and who may
proxy.py       /api/2.0/mlflow-artifacts/...: by path
owners.py      by run, logged model and model version
routes.py      all of them, for the application
"""
