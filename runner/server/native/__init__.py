"""Our own REST API, /api/runner/1/: what MLflow's has no words for.

routes.py         the calls; openapi.py describes them, shapes.py are requests and answers, operation.py is what a call is
events/           news, for those who listen
output/           what runs printed
tables.py         many runs at once: rows, columns, groups; series.py: lines of charts; completing.py: what a filter goes on with
one_run.py        one run: overview.py, artifact_list.py, looking/: what is in a file; boxed.py: pages among artifacts; documents.py: our own
differences.py    what changed between two runs; repeats.py: how far apart results are anyway; inputs.py: digests of many, by kind
environments/     locks of runs, and the cache of this machine
models/           registered models
schedules/        schedules, and what became of their times
executions.py     runs that the pages start; people.py: who is signed in; addresses.py: long addresses, kept
marked.py         Markdown, sanitised
"""
