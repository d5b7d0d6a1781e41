"""The tracking endpoint: what `mlflow` clients ask of us over HTTP.

loopback.py   a socket on this machine that serves one run; all that launching a run needs to import
scope.py      the store as the program of one run may see and change it
serving.py    uvicorn on that socket, imported when the first client connects
app.py        create_app(store, ...): routes, and the guard.py before them
experiments.py  runs.py  history.py  datasets.py   the calls: decoded request in, answer out
wire.py  shown.py  errors.py   MLflow's JSON: requests and answers; ours in its shape; errors
"""
