"""Programs that cannot be installed beside the tests, each in an environment of its own.

An environment is made once on a machine, from the pinned wheels of `NAME.txt` beside this file, and found again by what is
pinned there.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import platformdirs

from runner.files import locked, remove_tree, sha256


def pinned_venv(name: str) -> Path:
    """A Python that has the wheels of `NAME.txt`. Needs a package index the first time."""
    pins = Path(__file__).with_name(f"{name}.txt")
    place = platformdirs.user_cache_path("runner-tests") / f"{name}-{sha256(pins.read_bytes())[:12]}"
    python, complete = place / "bin" / "python", place / "complete"
    with locked(place.with_suffix(".lock")):
        if not complete.exists() or not python.exists():
            remove_tree(place)
            _uv("venv", "--quiet", "--python", "3.11", str(place))
            _uv(
                "pip",
                "install",
                "--quiet",
                "--no-build",
                "--no-deps",
                "--python",
                str(python),
                "-r",
                str(pins),
            )
            complete.touch()
    return python


def _uv(*arguments: str) -> None:
    uv = shutil.which("uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    assert uv is not None, "uv comes with runner"
    subprocess.run([uv, *arguments], check=True, timeout=600)
