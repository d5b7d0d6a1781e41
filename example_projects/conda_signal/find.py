"""Finds the frequency of a sine in noise."""

import json
import os
import sys

import numpy as np

frequency, noise, seed = float(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])
samples = int(os.environ["SAMPLES"])  # from conda.yaml

times = np.arange(samples) / 100  # seconds
signal = np.sin(2 * np.pi * frequency * times) + noise * np.random.default_rng(seed).normal(size=samples)
strengths = np.abs(np.fft.rfft(signal))
found = float(np.fft.rfftfreq(samples, d=0.01)[1:][strengths[1:].argmax()])

print(f"found {found:g} Hz in {samples} samples")
with open("metrics.json", "w") as file:
    json.dump({"frequency": found, "error": abs(found - frequency)}, file)
