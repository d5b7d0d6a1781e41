"""Stores behind a server that speaks MLflow's REST API: ours, or a plain MLflow server. Imported for http(s) URIs only.

    store.py ─► own.py ─► spool.py ─► queue.py       what runs that were made here record goes to this machine's disk first
        │                    │
        ▼                    ▼
    requests.py  shapes.py   client.py ─► address.py  failures.py   what is sent, what comes back; HTTP with patience; who we are there

artifacts.py models.py registry.py    the rest of what such a server keeps
leftover.py                           spools of runs whose process is gone
output.py  events.py                  output, told to our server and followed there
"""
