"""A small file of each kind that runs keep."""

import io
import json
import struct
import wave
from collections.abc import Mapping

import numpy as np
import pyarrow as pa
from PIL import Image
from pyarrow import feather, parquet

ROWS = 120
SVG = b"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 10"><circle cx="5" cy="5" r="4" fill="teal"/></svg>"""
MARKDOWN = b"""# Report

Accuracy is **0.97**, see `plots/curve.png` and [the page](report/index.html).

| class | precision |
|---|---|
| 0 | 0.98 |
| 1 | 0.97 |

```python
print("digits")
```
"""
NOTEBOOK = {
    "nbformat": 4,
    "nbformat_minor": 5,
    "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3"}},
    "cells": [
        {
            "id": "a",
            "cell_type": "markdown",
            "metadata": {},
            "source": ["# Exploration\n", "A look at the data."],
        },
        {
            "id": "b",
            "cell_type": "code",
            "metadata": {},
            "execution_count": 1,
            "source": ["1 + 1"],
            "outputs": [
                {
                    "output_type": "execute_result",
                    "execution_count": 1,
                    "metadata": {},
                    "data": {"text/plain": ["2"]},
                }
            ],
        },
    ],
}
PDF = b"""%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 100]>>endobj
trailer<</Root 1 0 R>>
%%EOF
"""


def samples() -> Mapping[str, bytes]:
    """Path -> content."""
    table = [(number, number / ROWS, f"class {number % 10}") for number in range(ROWS)]
    text = "".join(f"{number},{value:.4f},{label}\n" for number, value, label in table)
    columns: dict[str, list[object]] = {
        "id": [row[0] for row in table],
        "score": [row[1] for row in table],
        "label": [row[2] for row in table],
    }
    rows = [dict(zip(columns, row, strict=True)) for row in table]
    return {
        "plots/curve.png": _image(0),
        "plots/steps/0001.png": _image(1),
        "plots/steps/0002.png": _image(2),
        "plots/drawing.svg": SVG,
        "tables/scores.csv": f"id,score,label\n{text}".encode(),
        "tables/scores.tsv": f"id,score,label\n{text}".replace(",", "\t").encode(),
        "tables/scores.parquet": _parquet(columns),
        "tables/scores.arrow": _arrow(columns),
        "tables/scores.jsonl": "".join(f"{json.dumps(row)}\n" for row in rows).encode(),
        "report/index.html": b"<!doctype html><link rel=stylesheet href=style.css><h1>Report</h1><img src=../plots/curve.png>",
        "report/style.css": b"h1 { color: teal }",
        "config/settings.json": json.dumps({"model": {"depth": 3, "width": [64, 32]}, "ok": True}).encode(),
        "config/settings.yaml": b"model:\n  depth: 3\n  width: [64, 32]\n",
        "config/settings.toml": b'[model]\ndepth = 3\nname = "net"\n',
        "code/train.py": b'"""Train."""\n\n\ndef train(rate: float) -> float:\n    return 1 - rate\n',
        "notes.md": MARKDOWN,
        "notes.txt": b"plain text\n" * 40,
        "explore.ipynb": json.dumps(NOTEBOOK).encode(),
        "paper.pdf": PDF,
        "sound.wav": _sound(),
        "arrays/weights.npy": _array(),
        "arrays/all.npz": _arrays(),
        "blob.bin": bytes(range(256)) * 8,
        "empty.txt": b"",
        "names/with space & quote'.txt": b"found\n",
        "names/größe.txt": b"found\n",
        "names/100%.txt": b"found\n",
    }


def _image(shift: int) -> bytes:
    file = io.BytesIO()
    ramp = np.add.outer(np.arange(64) * 2, np.arange(96) * 2 + shift * 20) % 256
    Image.fromarray(ramp.astype("uint8")).save(file, "PNG")
    return file.getvalue()


def _sound() -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(b"".join(struct.pack("<h", number * 37 % 8000) for number in range(4000)))
    return file.getvalue()


def _array() -> bytes:
    file = io.BytesIO()
    np.save(file, np.arange(48, dtype="float32").reshape(6, 8))
    return file.getvalue()


def _arrays() -> bytes:
    file = io.BytesIO()
    np.savez(file, weights=np.ones((3, 4)), bias=np.zeros(4))
    return file.getvalue()


def _parquet(columns: Mapping[str, list[object]]) -> bytes:
    file = io.BytesIO()
    parquet.write_table(pa.table(dict(columns)), file)
    return file.getvalue()


def _arrow(columns: Mapping[str, list[object]]) -> bytes:
    file = io.BytesIO()
    feather.write_feather(pa.table(dict(columns)), file)
    return file.getvalue()
