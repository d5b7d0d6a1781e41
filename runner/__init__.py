"""Run machine-learning projects reproducibly, and record every run.

``runner.run(...)`` is the Python interface; the command line is ``runner``. See README.md for the map.
This file and api.py are also imported inside runs, under every Python that a project may ask for, 3.7 included.
"""

__version__ = "0.1.0"
__all__ = ["Run", "RunFailed", "__version__", "run"]


def __getattr__(name):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - for any Python
    # `import runner` stays free: the command line's --version and --help never pay for the interface.
    if name in ("run", "Run", "RunFailed"):
        from runner import api  # noqa: PLC0415

        return getattr(api, name)
    raise AttributeError(f"module 'runner' has no attribute {name!r}")
