"""MLflow's REST API 2.0. A call is decoded by its shape, answered from the caller's view of the store, and encoded.

call.py                                              what a call is
experiments.py  runs.py  inputs.py  history.py  models.py  registry.py   the calls
wire.py  models_wire.py  registry_wire.py            requests         answers.py  answers; shown.py: ours in MLflow's words
sources.py                                           where the files of a model version may come from
"""
