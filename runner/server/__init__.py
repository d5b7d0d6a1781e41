"""What `mlflow` clients ask of us over HTTP: in a run at its own endpoint, for a team at `runner server`.

loopback.py   a socket on this machine that serves one run; all that launching a run needs to import
serving.py    uvicorn on that socket, imported when the first client connects
public.py     `runner server`: connections.py, protocol.py, requestlog.py are about HTTP itself
app.py        create_app(...): the routes of both; errors.py: our errors as clients know them
writer.py     changes of many requests, committed together
places.py     how clients are told where artifacts are
access/       who may ask, and what for
mlflow/       MLflow's REST API: the calls (decoded request in, answer out) and its JSON
artifacts/    artifacts through the server
native/       our own API: events, and the output of runs
"""
