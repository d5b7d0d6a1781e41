"""The filter language of MLflow's searches, and more: `params.alpha < 0.1` compares numbers.

    filter   := clause { AND clause }
    clause   := name operator value | name IS [NOT] NULL | name [NOT] IN ( 'text' {, 'text'} )
    name     := [entity .] key          entity: metrics, params, tags, attributes (and MLflow's other words for them)
    key      := bare | `quoted` | "quoted"
    value    := 'text' | "text" | number

Text becomes tokens (tokens.py), tokens become clauses (parser.py); which names there are depends on what is searched
(vocabulary.py). SQL is made of the clauses in runner.tracking.sql; nothing is evaluated here.
What our own pages take besides is in native.py (its words in pieces.py, what they mean in meaning.py), columns.py, completing.py.
MLflow also takes clauses without AND between them, and an AND too many: here these are errors.
"""

from runner.tracking.filters.parser import Clause, Name, Order, parse, parse_order
from runner.tracking.filters.vocabulary import (
    EXPERIMENTS,
    LOGGED_MODELS,
    MODEL_VERSIONS,
    REGISTERED_MODELS,
    RUNS,
    Vocabulary,
)

__all__ = [
    "EXPERIMENTS",
    "LOGGED_MODELS",
    "MODEL_VERSIONS",
    "REGISTERED_MODELS",
    "RUNS",
    "Clause",
    "Name",
    "Order",
    "Vocabulary",
    "parse",
    "parse_order",
]
