"""Score a trained model on all the wines."""

import json
import pickle
import sys
from pathlib import Path

from sklearn.datasets import load_wine

wines = load_wine()
model = pickle.loads(Path(sys.argv[1]).read_bytes())
accuracy = model.score(wines.data, wines.target)
Path("metrics.json").write_text(json.dumps({"accuracy": accuracy}))
print(f"accuracy={accuracy:.4f} on {len(wines.target)} wines")
