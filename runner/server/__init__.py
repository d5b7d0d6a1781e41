"""The tracking endpoint: what `mlflow` clients ask of us over HTTP.

loopback.py   a socket on this machine that serves one run; all that launching a run needs to import
scope.py      what the token of a run reaches; scoped.py: the store as its program sees it
serving.py    uvicorn on that socket, imported when the first client connects
app.py        create_app(store, ...): routes, and the guard.py before them
experiments.py  runs.py  history.py  models.py   the calls: decoded request in, answer out
wire.py  answers.py  errors.py   MLflow's JSON: requests, answers, errors; shown.py: ours in its shape
documents.py  data sets and models of a run, kept in its tags
native/       our own API: events, and the output of runs
"""
