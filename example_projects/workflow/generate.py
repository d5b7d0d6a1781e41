"""Points near the line y = 2 x + 1."""

import csv
import random
import sys

rows, seed, target = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
noise = random.Random(seed)
with open(target, "w", newline="") as file:
    writer = csv.writer(file)
    for number in range(rows):
        x = number / rows
        writer.writerow([x, 2 * x + 1 + noise.gauss(0, 0.1)])
print(f"{rows} points")
