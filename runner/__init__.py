"""Run machine-learning projects reproducibly, and record every run.

``runner.run(...)`` is the Python interface; the command line is ``runner``. See README.md for the map.
"""

from typing import Any

__version__ = "0.1.0"
__all__ = ["__version__", "run"]


def __getattr__(name: str) -> Any:
    # `import runner` stays free: the command line's --version and --help never pay for the interface.
    if name == "run":
        from runner.inside.runner import run  # noqa: PLC0415

        return run
    raise AttributeError(f"module 'runner' has no attribute {name!r}")
