"""Facts about the machine, as recorded with each run: read from files, no program is started."""

import os
import platform
import socket
import sys
from pathlib import Path
from typing import Any

from runner import __version__

# Variables that say how numerical code behaves. Everything else in the environment stays private.
RECORDED_VARIABLES = (
    "CUBLAS_WORKSPACE_CONFIG",
    "CUDA_VISIBLE_DEVICES",
    "LANG",
    "LC_ALL",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "PYTHONHASHSEED",
    "TF_DETERMINISTIC_OPS",
    "TZ",
)


def facts() -> dict[str, Any]:
    """Host, operating system, processor, memory in bytes, GPUs and their driver."""
    return {
        "host": socket.gethostname(),
        "system": platform.system(),
        "release": platform.release(),
        "architecture": platform.machine(),
        "processor": _processor(),
        "cpus": os.cpu_count(),
        "memory": _memory(),
        "gpus": _gpus(),
        "gpu_driver": _first_line(Path("/proc/driver/nvidia/version")),
        "runner": __version__,
        "runner_python": sys.version.split()[0],
    }


def _processor() -> str | None:
    return _field(Path("/proc/cpuinfo"), "model name") or platform.processor() or None


def _memory() -> int | None:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError, AttributeError):
        return None


def _gpus() -> list[str]:
    found = Path("/proc/driver/nvidia/gpus").glob("*/information")
    return [name for path in sorted(found) if (name := _field(path, "Model"))]


def _first_line(path: Path) -> str | None:
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            return file.readline().strip() or None
    except OSError:
        return None


def _field(path: Path, name: str) -> str | None:
    """The first `name : value` of a /proc file."""
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            for line in file:
                key, _, value = line.partition(":")
                if key.strip() == name:
                    return value.strip()
    except OSError:
        pass
    return None
