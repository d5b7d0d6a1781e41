"""How well a difference explains other results: 0 explains nothing, 1 nearly everything. All judgement is here.

0.8 - 1.0   decides what is computed: parameters, data, seed, the script of the entry point and what it imports
0.4 - 0.7   may change numbers: a package that the code imports, by the size of its step; threads, hash seed, GPU; the interpreter
0.15 - 0.3  now and then: code that nothing imports, another processor or C library
below       no cause: documentation, tests, comments, packages that nothing imports, another kernel, names of hosts, memory

The order within a group is experience, no theorem. A step of a package counts three things: how far it goes, whether the package
computes numbers, and whether code that is executed imports it, itself or by way of others.
"""

from collections.abc import Mapping

from runner.launch.machine import RECORDED_VARIABLES

CAUSE = 0.15  # what explains less is no cause

ENTRY_POINT = 0.95
PARAMETER = 0.9
COMMAND = 0.85
COMMAND_WITH_PARAMETERS = 0.3  # its parameters changed, too, and may be all of it
SECRET = 0.3
SEED = 0.92
DATA = 0.9
SAME_DATA = 0.05  # from another place
UNKNOWN_DATA = 0.3

UNKNOWN_CODE = 0.8  # another commit, and no repository at hand
LOST_CODE = 0.3  # nobody has kept it
LEFT_OUT = 0.2  # a file too large to be kept may be another one
COMMIT = 0.02  # its files speak for it
SCRIPT = 0.88  # named in the command
IMPORTED = 0.84  # by the script, directly or by way of others
READ = 0.8  # a file whose name stands in one of them
CODE = 0.35  # any other code, where nobody knows what is executed
OTHER_CODE = 0.16  # any other code, where one knows: it may be found by its name at run time
DATA_FILE = 0.3  # any other file that may be read
DECLARATION = 0.08  # MLproject, requirements: parameters and locks say what follows of them
RESULT = 0.1  # what an earlier run has left, and the next one writes again
NO_MEANING = 0.02  # documentation, tests, comments

STEPS: Mapping[str, float] = {"major": 0.75, "minor": 0.68, "patch": 0.58, "build": 0.3, "files": 0.4}
COMES_OR_GOES = 0.45
BY_WAY = 0.9  # factor: imported by a package that the code imports
NUMBERS = 0.85  # factor: it computes numbers, but nobody knows whether the code imports it
ASKED = 0.8  # factor: the project asks for it, and nobody knows whether the code imports it
SOME = 0.4  # factor: neither of both
UNUSED = 0.15  # factor: nothing that is executed imports it

KIND = 0.4  # a virtual environment here, conda there
INTERPRETER: Mapping[str, float] = {"major": 0.7, "minor": 0.5, "patch": 0.2, "build": 0.1}
IMPLEMENTATION = 0.5
IMAGE = 0.5
IMAGE_NAME = 0.05  # the same image by another name
DOCKER_ARGUMENTS = 0.25
UNREADABLE_LOCK = 0.5

DECLARED_VARIABLE = 0.7  # a project that names a variable reads it
THREADS = 0.57
NUMERICAL_VARIABLE = 0.5  # one of those that we always record
VARIABLES: Mapping[str, float] = {
    "PYTHONHASHSEED": 0.62,
    "TZ": 0.3,
    "LANG": 0.2,
    "LC_ALL": 0.2,
    "RUNNER_SEED": 0.0,
}
MACHINE: Mapping[str, float] = {
    "system": 0.5,
    "architecture": 0.5,
    "gpus": 0.45,
    "cpus_allowed": 0.46,
    "cpu_flags": 0.4,
    "cuda": 0.4,
    "cpu_limit": 0.35,
    "gpu_driver": 0.3,
    "processor": 0.3,
    "cpus": 0.28,
    "libc": 0.2,
    "release": 0.05,
    "runner": 0.04,
    "memory": 0.03,
    "runner_python": 0.0,
    "host": 0.0,
}
OTHER_FACT = 0.05

NUMERICAL = frozenset(
    "accelerate blas catboost cupy cudatoolkit dask gensim jax jaxlib keras libblas libcblas liblapack libopenblas lightgbm llvmlite"
    " mkl mlx nltk numba numexpr numpy openblas pandas polars pyarrow pytorch scikit-image scikit-learn scipy spacy statsmodels"
    " tensorflow tensorflow-cpu tensorflow-gpu tokenizers torch torchaudio torchvision transformers xgboost".split()
)


def variable(name: str) -> float:
    """Of an environment variable."""
    if name in VARIABLES:
        return VARIABLES[name]
    if name not in RECORDED_VARIABLES:
        return DECLARED_VARIABLE
    return THREADS if "THREADS" in name else NUMERICAL_VARIABLE


def package(
    name: str, step: str, *, imported: bool | None, directly: bool = False, asked: bool = False
) -> float:
    """Of a package. `imported` is None where nobody knows whether the code does, itself or by way of others."""
    base = STEPS.get(step, COMES_OR_GOES)
    match imported:
        case True:
            return base if directly else base * BY_WAY
        case False:
            return base * (SOME if name in NUMERICAL else UNUSED)
        case None:
            return base * (NUMBERS if name in NUMERICAL else ASKED if asked else SOME)
