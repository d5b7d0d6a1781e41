"""MLflow's REST API 2.0: the calls (decoded request in, answer out), in wire.py and answers.py its JSON."""
