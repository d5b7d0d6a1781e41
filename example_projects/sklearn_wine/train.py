"""Classify wines by their chemistry, on the data set that ships inside scikit-learn."""

import argparse
import json
import pickle
from pathlib import Path

from sklearn.datasets import load_wine
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, log_loss
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

parser = argparse.ArgumentParser()
parser.add_argument("--alpha", type=float, required=True)
parser.add_argument("--solver", required=True)
parser.add_argument("--seed", type=int, required=True)
options = parser.parse_args()

wines = load_wine()
train_x, test_x, train_y, test_y = train_test_split(
    wines.data, wines.target, test_size=0.4, random_state=options.seed, stratify=wines.target
)
strength = 1 / options.alpha if options.alpha else 1e12
model = make_pipeline(
    StandardScaler(), LogisticRegression(C=strength, solver=options.solver, max_iter=5000, random_state=options.seed)
)
model.fit(train_x, train_y)

metrics = {
    "accuracy": accuracy_score(test_y, model.predict(test_x)),
    "log_loss": log_loss(test_y, model.predict_proba(test_x)),
}
Path("metrics.json").write_text(json.dumps(metrics))
Path("model.pkl").write_bytes(pickle.dumps(model))
print(f"alpha={options.alpha:g} accuracy={metrics['accuracy']:.4f} log_loss={metrics['log_loss']:.4f}")
