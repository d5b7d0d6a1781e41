"""What people do with an mlflow client, one function each: it does it, reads it back, and returns what it read as plain data.

    python -m tests.clients.flows NAMESPACE RESULT.json [FLOW...]

runs under every version of mlflow that is tested; MLFLOW_TRACKING_URI says where. Names of experiments and models begin with
the namespace. A failure is a result as well: the code of the error stands in the place of what would have been read.
"""

import json
import sys
from pathlib import Path

from tests.clients.flows import artifacts, experiments, models, recording, registry, runs, searches
from tests.clients.flows.register import FLOWS, performed

MODULES = (
    experiments,
    runs,
    searches,
    artifacts,
    recording,
    models,
    registry,
)  # imported, they register their flows

if __name__ == "__main__":
    space, result, *chosen = sys.argv[1:]
    document = {name: performed(name, space) for name in chosen or FLOWS}
    Path(result).write_text(json.dumps(document, indent=1, sort_keys=True, default=str))
