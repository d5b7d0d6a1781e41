"""Facts about the machine, as recorded with each run: read from files, no program is started."""

import json
import os
import platform
import socket
import sys
from pathlib import Path
from typing import Any

from runner import __version__

# Variables that say how numerical code behaves. Everything else in the environment stays private.
RECORDED_VARIABLES = tuple(
    """
    BLIS_NUM_THREADS CUBLAS_WORKSPACE_CONFIG CUDA_DEVICE_ORDER CUDA_LAUNCH_BLOCKING CUDA_VISIBLE_DEVICES CUDNN_DETERMINISTIC
    GOTO_NUM_THREADS HIP_VISIBLE_DEVICES JAX_DEFAULT_MATMUL_PRECISION JAX_ENABLE_X64 JAX_NUM_CPU_DEVICES JAX_PLATFORMS JULIA_NUM_THREADS
    KMP_DETERMINISTIC_REDUCTION LANG LC_ALL MALLOC_ARENA_MAX MKL_CBWR MKL_DYNAMIC MKL_ENABLE_INSTRUCTIONS MKL_NUM_THREADS
    NPY_DISABLE_CPU_FEATURES NUMBA_CPU_NAME NUMBA_NUM_THREADS NUMEXPR_MAX_THREADS NUMEXPR_NUM_THREADS NVIDIA_TF32_OVERRIDE OMP_DYNAMIC
    OMP_NUM_THREADS OMP_SCHEDULE OPENBLAS_CORETYPE OPENBLAS_NUM_THREADS POLARS_MAX_THREADS PYTHONHASHSEED PYTHONOPTIMIZE
    RAYON_NUM_THREADS ROCR_VISIBLE_DEVICES TF_CUDNN_DETERMINISTIC TF_DETERMINISTIC_OPS TF_ENABLE_ONEDNN_OPTS
    TF_NUM_INTEROP_THREADS TF_NUM_INTRAOP_THREADS TF_XLA_FLAGS TORCH_ALLOW_TF32_CUBLAS_OVERRIDE TORCH_CUDNN_V8_API_DISABLED
    TORCH_NUM_THREADS TZ VECLIB_MAXIMUM_THREADS XLA_FLAGS XLA_PYTHON_CLIENT_PREALLOCATE
    """.split()
)


# Extensions of processors by which numerical libraries choose their code: x86, then Arm.
FLAGS = frozenset(
    """
    sse4_2 avx avx2 fma f16c avx512f avx512bw avx512dq avx512vl avx512_vnni avx512_bf16 avx512_fp16 avx_vnni amx_bf16 amx_int8 amx_tile
    asimd asimddp asimdhp bf16 fphp i8mm sve sve2
    """.split()
)
CUDA = Path("/usr/local/cuda/version.json")
_START = 1 << 13  # bytes: each processor says the same, and to list hundreds of them takes time


def facts() -> dict[str, Any]:
    """Host, operating system, C library, processor, memory in bytes, GPUs with their driver and CUDA.

    `cpus` are those of the machine, `cpus_allowed` those on which this process may run, `cpu_limit` how many of them it may keep busy.
    """
    processor = _start(Path("/proc/cpuinfo"))
    return {
        "host": socket.gethostname(),
        "system": platform.system(),
        "release": platform.release(),
        "architecture": platform.machine(),
        "libc": _libc(),
        "processor": _field(processor, "model name") or platform.processor() or None,
        "cpu_flags": _flags(processor),
        "cpus": os.cpu_count(),
        "cpus_allowed": _allowed(),
        "cpu_limit": _limit(),
        "memory": _memory(),
        "gpus": _gpus(),
        "gpu_driver": _start(Path("/proc/driver/nvidia/version")).partition("\n")[0].strip() or None,
        "cuda": _cuda(),
        "runner": __version__,
        "runner_python": sys.version.split()[0],
    }


def _libc() -> str | None:
    try:
        return os.confstr("CS_GNU_LIBC_VERSION")
    except (ValueError, OSError, AttributeError):  # another C library
        return None


def _flags(processor: str) -> list[str]:
    words = _field(processor, "flags") or _field(processor, "Features") or ""
    return sorted(FLAGS.intersection(words.split()))


def _allowed() -> int | None:
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else None


def _limit() -> float | None:
    """What a control group leaves us, as a number of processors; None without a limit.

    Version 2 says it in the group's own directory and those above it; a container sees its own as the top, in version 1 as well.
    """
    top = Path("/sys/fs/cgroup")
    quota, period = _start(top / "cpu/cpu.cfs_quota_us"), _start(top / "cpu/cpu.cfs_period_us")
    found = [_share(quota, period)] + [_share(*_start(place / "cpu.max").split()) for place in _groups(top)]
    return min((share for share in found if share is not None), default=None)


def _groups(top: Path) -> list[Path]:
    own = next(
        (line[3:] for line in _start(Path("/proc/self/cgroup")).splitlines() if line[:3] == "0::"), "/"
    )
    place = top / own.lstrip("/")
    return [place, *(parent for parent in place.parents if parent.is_relative_to(top))]


def _share(quota: str = "", period: str = "", *_: str) -> float | None:
    """`max 100000` is no limit, nor is a quota of -1."""
    if not (quota.strip().isdecimal() and period.strip().isdecimal() and int(period)):
        return None
    return round(int(quota) / int(period), 3)


def _memory() -> int | None:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError, AttributeError):
        return None


def _gpus() -> list[str]:
    found = Path("/proc/driver/nvidia/gpus").glob("*/information")
    return [name for path in sorted(found) if (name := _field(_start(path), "Model"))]


def _cuda() -> str | None:
    """The version of the toolkit, where it is installed at its usual place."""
    try:
        version = json.loads(_start(CUDA))["cuda"]["version"]
    except (ValueError, KeyError, TypeError):
        return None
    return str(version)


def _start(path: Path) -> str:
    """The beginning of a text file, "" where there is none."""
    try:
        with path.open("rb") as file:
            return file.read(_START).decode(errors="replace")
    except OSError:
        return ""


def _field(text: str, name: str) -> str | None:
    """The first `name : value` of a file in /proc."""
    for line in text.splitlines():
        key, _, value = line.partition(":")
        if key.strip() == name:
            return value.strip()
    return None
