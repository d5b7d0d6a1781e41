"""Which code: commits, and every file that is not the same, uncommitted changes included."""

import ast
import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from runner.launch.plan import PlannedSource
from runner.reproduction.differing import weights
from runner.reproduction.differing.executed import Executed, parsed, text_of
from runner.reproduction.differing.files import ChangedFile, changed
from runner.reproduction.differing.history import History
from runner.reproduction.differing.parameters import changed as word_of
from runner.reproduction.model import Aspect, Difference

_SHORT = 10
_PROSE = frozenset({".adoc", ".md", ".rst", ".txt"})
_SILENT = frozenset(
    {
        ".gitattributes",
        ".gitignore",
        ".gitmodules",
        ".editorconfig",
        ".pre-commit-config.yaml",
        "CODEOWNERS",
        "LICENSE",
        "NOTICE",
        "Makefile",
    }
)
_ASIDE = frozenset({".github", ".gitlab", ".circleci", "doc", "docs", "test", "tests"})
_DECLARATIONS = frozenset(
    {
        "MLproject",
        "conda-lock.yml",
        "conda.yaml",
        "conda.yml",
        "environment.yaml",
        "environment.yml",
        "pylock.toml",
        "pyproject.toml",
    }
    | {
        "python_env.yaml",
        "requirements.in",
        "requirements.txt",
        "setup.cfg",
        "setup.py",
        "uv.lock",
        "Dockerfile",
    }
)
_CODE = frozenset(
    {
        ".c",
        ".cc",
        ".cpp",
        ".cu",
        ".h",
        ".ipynb",
        ".java",
        ".jl",
        ".js",
        ".m",
        ".py",
        ".pyx",
        ".r",
        ".rs",
        ".scala",
        ".sh",
        ".sql",
        ".stan",
    }
)


def alike(first: PlannedSource, second: PlannedSource) -> bool:
    """Whether both say that they have exactly the same code. Where it lies does not matter."""
    return known(first) and identity(first) == identity(second)


def known(source: PlannedSource) -> bool:
    """Whether the plan says which code it was: by a commit without changes, or with all of them, or by a digest."""
    if source.patch or source.digest:
        return True
    return source.commit is not None and not source.dirty


def identity(source: PlannedSource) -> tuple[Any, ...]:
    """What decides the content of the tree."""
    submodules = tuple(sorted(source.submodules.items()))
    place = "/".join(filter(None, (source.below, source.subdirectory)))
    return source.commit, source.patch, source.digest, submodules, place


def commits(
    first: PlannedSource, second: PlannedSource, *, history: History | None, trouble: str = ""
) -> Iterator[Difference]:
    """What the plans themselves say, `trouble` being why there are no files to compare."""
    before, after = _described(first), _described(second)
    if first.commit != second.commit or (trouble and identity(first) != identity(second)):
        yield Difference(
            aspect=Aspect.CODE,
            name="commit" if first.commit or second.commit else "code",
            before=before,
            after=after,
            change=word_of(before, after),
            detail="\n".join(filter(None, (str(history or ""), trouble))),
            weight=weights.UNKNOWN_CODE if trouble else weights.COMMIT,
        )
    elif trouble:
        yield Difference(
            aspect=Aspect.CODE, name="code", before=before, after=after, change="unknown", detail=trouble,
            weight=weights.LOST_CODE,
        )  # fmt: skip


def left_out(first: PlannedSource, second: PlannedSource) -> Iterator[Difference]:
    """Files that were there and were not kept: nobody knows whether they are the same."""
    if told := dict.fromkeys((*first.left_out, *second.left_out)):
        yield Difference(
            aspect=Aspect.CODE,
            name="files that were not kept",
            change="unknown",
            detail="\n".join(told),
            weight=weights.LEFT_OUT,
        )


def files(
    first: Path, second: Path, executed: Executed | None, results: frozenset[str]
) -> Iterator[Difference]:
    """A difference for each file of two trees; `results` are those that the programs write themselves."""
    for file in changed(first, second):
        removed, added = file.counts
        yield Difference(
            aspect=Aspect.CODE,
            name=_text(file.path),
            before=_text(file.before) if file.before and file.before != file.path else None,
            after=f"+{added} -{removed}" if added or removed else None,
            change=_word(file),
            detail=file.lines,
            weight=weights.RESULT if file.path in results else _weight(file, first, second, executed),
        )


def _described(source: PlannedSource) -> str | None:
    """`8f3c21e9ab with changes`, as short as a person reads it."""
    if source.commit is None:
        told = source.digest or source.patch
        return told.partition(":")[2][:_SHORT] if told else None
    return source.commit[:_SHORT] + (" with uncommitted changes" if source.patch or source.dirty else "")


def _text(name: str) -> str:
    """A name in which bytes that are no UTF-8 are replaced: not every output takes them."""
    return os.fsencode(name).decode(errors="replace")


def _word(file: ChangedFile) -> str:
    if file.before and file.after and file.before != file.after:
        return "renamed"
    return word_of(file.before, file.after)


def _weight(file: ChangedFile, first: Path, second: Path, executed: Executed | None) -> float:
    names = [name for name in (file.before, file.after) if name]
    if _means_nothing(file, first, second):
        return weights.NO_MEANING
    if executed is not None:
        for paths, weight in ((executed.scripts, weights.SCRIPT), (executed.files, weights.IMPORTED)):
            if any(name in paths for name in names):
                return weight
    return max(_by_name(PurePosixPath(name), executed) for name in names)


def _by_name(path: PurePosixPath, executed: Executed | None) -> float:
    if path.name in _DECLARATIONS:
        return weights.DECLARATION
    if executed is not None and executed.names(str(path)):
        return weights.READ
    if path.name in _SILENT or path.suffix.lower() in _PROSE or _ASIDE.intersection(path.parts[:-1]):
        return weights.NO_MEANING
    if path.suffix.lower() in _CODE:
        return weights.OTHER_CODE if executed is not None and executed.python else weights.CODE
    return weights.DATA_FILE


def _means_nothing(file: ChangedFile, first: Path, second: Path) -> bool:
    """Whether Python code differs in nothing but comments and layout."""
    if not (file.before and file.before == file.after and file.path.endswith(".py")):
        return False
    trees = [_shape(text_of(root / file.path)) for root in (first, second)]
    return trees[0] is not None and trees[0] == trees[1]


def _shape(text: str | None) -> str | None:
    tree = parsed(text) if text is not None else None
    try:
        return ast.dump(tree) if tree else None
    except RecursionError:
        return None
