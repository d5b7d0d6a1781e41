"""Our own REST API, /api/runner/1/: what MLflow's has no words for.

routes.py     the calls; openapi.py describes them, shapes.py are their requests and answers
watcher.py    looks at what is watched, while somebody listens; news.py: what is new in it; topics.py: what can be
ring.py       the last events, for all listeners; stream.py: a listener; place.py: where it left off; reader.py: what it may read
output.py     what a run printed (printed.py: where it is), from any place on, lines.py as JSON; received.py: what runs on other machines print
differences.py   what changed between two runs; repeats.py: how far apart results are anyway; inputs.py: digests of many, by kind
tables.py     many runs at once: rows, columns, groups; series.py: lines of charts; completing.py: what a filter goes on with
"""
