"""What this machine brings without being a package, as far as a solution may depend on it, and at no cost for a warm run.

rattler finds out what it is in full (`__cuda`, `__archspec`, `__linux`), which takes a process. To tell machines apart these do.
"""

import os
import re
from pathlib import Path

DRIVER = Path("/proc/driver/nvidia/version")
CUDA = tuple(
    Path(place, "libcuda.so.1")
    for place in ("/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib/wsl/lib")
)
PROCESSOR = Path("/proc/cpuinfo")

# By these x86-64-v2, v3 and v4 differ: https://gitlab.com/x86-psABIs/x86-64-ABI
_LEVELS = frozenset("sse4_2 ssse3 popcnt avx avx2 bmi1 bmi2 f16c fma movbe abm avx512f avx512bw avx512cd avx512dq avx512vl".split())  # fmt: skip
_FLAGS = re.compile(r"^flags\s*:(.*)$", re.MULTILINE)
_FIRST = 8192  # characters: each processor says the same


def facts() -> list[object]:
    """Kernel, processor, and driver of a graphics card, as JSON values."""
    kernel = os.uname().release.split(".")[:2]
    flags = _FLAGS.search(_start(PROCESSOR))
    levels = sorted(_LEVELS & set(flags[1].split())) if flags else []
    return [kernel, levels, _start(DRIVER), [str(path) for path in CUDA if path.exists()]]


def _start(path: Path) -> str:
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            return file.read(_FIRST)
    except OSError:
        return ""
