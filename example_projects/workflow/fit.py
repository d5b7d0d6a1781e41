"""Least squares by hand; the slope and the intercept become metrics."""

import csv
import json
import sys
from pathlib import Path

with open(sys.argv[1], newline="") as file:
    points = [(float(x), float(y)) for x, y in csv.reader(file)]
mean_x = sum(x for x, _ in points) / len(points)
mean_y = sum(y for _, y in points) / len(points)
slope = sum((x - mean_x) * (y - mean_y) for x, y in points) / sum((x - mean_x) ** 2 for x, _ in points)
Path("metrics.json").write_text(json.dumps({"slope": slope, "intercept": mean_y - slope * mean_x}))
print(f"slope={slope:.3f}")
