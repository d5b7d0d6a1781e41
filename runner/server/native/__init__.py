"""Our own REST API, /api/runner/1/: what MLflow's has no words for.

routes.py     the calls; openapi.py describes them, shapes.py are their requests and answers
watcher.py    looks at what is watched, while somebody listens; news.py: what is new in it
ring.py       the last events, for all listeners; stream.py: a listener, as server-sent events
output.py     what a run printed, from any place on; received.py: what runs on other machines print
"""
