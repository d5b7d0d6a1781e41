"""Projects whose runs are reproduced."""

from pathlib import Path

import pytest

from tests.conftest import Files
from tests.reproduction.recorded import MLPROJECT, TRAIN


@pytest.fixture
def hidden(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "hidden.txt"
    file.write_text("0.5")
    monkeypatch.setenv("HIDDEN", str(file))
    return file


@pytest.fixture
def demo(files: Files, hidden: Path) -> Path:
    return files({"MLproject": MLPROJECT, "train.py": TRAIN})
