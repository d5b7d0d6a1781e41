"""Moving in and out: everything that one store holds, brought to another. Imported for `runner import` and `runner export` only.

    holding.py     what is read from              target.py     what is written to
      files.py       a directory `mlruns`           adopting.py    our database: ids, numbers and times stay
      mlflows.py     MLflow's database              writing.py     a directory `mlruns`
      stores.py      a store of ours, a server      sending.py     a server: it gives ids of its own
                          │                              ▲
                          └────────► moving.py ──────────┘        report.py: what came, what was there, what was left out

What is there already stays as it is, so that moving again changes nothing, and goes on where it was interrupted.
"""
