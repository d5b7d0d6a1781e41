"""The results of two runs held against each other.

compare ──► comparing  exit, status, params     tally    numbers within a tolerance, counted
            metrics    whole histories          timings  names of what is another at each run by nature
            artifacts  digest, then content: contents ──► documents, tables, texts, archives: no library needed
                                                          parquet, arrays, tensors, images: runner[compare]
learnt  ──► learning   tolerances from repetitions

The code runs to the right: each file looks at two of something and puts what it finds into a `Tally`.
"""

from runner.reproduction.comparing.comparing import compare
from runner.reproduction.comparing.learning import learnt
from runner.reproduction.comparing.tolerances import Tolerances

__all__ = ["Tolerances", "compare", "learnt"]
