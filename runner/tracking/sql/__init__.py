"""The store in a relational database; every statement is here.

store.py                                     one transaction for each method of `Store`; repeating.py does it again after a dead-lock
experiments.py  runs.py  recording.py  points.py  inputs.py   experiments and runs; keys.py: names, each once
logged_models.py  model_metrics.py           logged models
registry.py  registered_models.py  model_versions.py  model_sources.py   the registry
searching.py  experiment_search.py  model_search.py  conditions.py   filters and orders as SQL
users.py  permissions.py                     who may
schedules.py  firings.py                     what runs by the clock
past.py  trash.py                            what comes from elsewhere; what goes for ever
"""
