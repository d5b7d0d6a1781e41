"""What can be looked at of an artifact without fetching it whole: `look(file, path, asked)`.

tables.py     CSV, TSV, JSON lines; columnar.py: Parquet, Arrow      a page of rows, in any order
arrays.py     npy, npz                                               shape, type, range, first values
tensors.py    safetensors                                            names, types, shapes
statistics.py what the values of a column are like
trees.py      JSON, YAML, TOML, MLmodel                              values
notebooks.py  Jupyter                                                cells, as they were kept
values.py     what JSON and a browser can have of a value
"""

from runner.server.native.looking.look import look

__all__ = ["look"]
