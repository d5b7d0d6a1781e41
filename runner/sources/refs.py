"""What a ref names, as the server says: tags before branches, as `git fetch` takes them."""

from collections.abc import Mapping
from dataclasses import dataclass

from runner.errors import SourceError, did_you_mean
from runner.sources.git import Git

_HEADS, _TAGS = "refs/heads/", "refs/tags/"
_SHOWN = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """What a ref names: a commit, and the ref's full name where the server told it. `notice`: what was odd about it."""

    commit: str
    name: str | None = None
    notice: str | None = None

    @property
    def branch(self) -> str | None:
        """Name of the branch, None for tags and commits."""
        return self.name.removeprefix(_HEADS) if self.name and self.name.startswith(_HEADS) else None


def advertised(git: Git, ref: str | None) -> Resolved | None:
    """Ask the server what `ref` names (None: its default branch); None where it has no such branch or tag.

    Raises:
        SourceError: the server cannot be asked, or has no default branch.
    """
    if ref is None or ref == "HEAD":
        return _default_branch(git)
    refs = _list(git, "--heads", "--tags", "--", git.url)
    names = [name for name in (f"{_TAGS}{ref}", f"{_HEADS}{ref}", f"refs/{ref}", ref) if name in refs]
    if not names and "/" in ref:  # refs/pull/7/head, with or without its refs/
        refs = _list(git, "--", git.url, ref)
        names = [name for name in (ref, f"refs/{ref}") if name in refs]
    if not names:
        return None
    return Resolved(
        commit=refs.get(
            names[0] + "^{}", refs[names[0]]
        ),  # an annotated tag names an object that names the commit
        name=names[0],
        notice=_ambiguous(ref) if {_TAGS + ref, _HEADS + ref} <= refs.keys() else None,
    )


def _ambiguous(ref: str) -> str:
    return f"{ref!r} is a tag and a branch; the tag is used, heads/{ref} is the branch"


def _default_branch(git: Git) -> Resolved:
    lines = git("ls-remote", "--symref", "--", git.url, "HEAD").splitlines()
    named = [line.split()[1] for line in lines if line.startswith("ref: ") and line.endswith("\tHEAD")]
    commits = [line.split()[0] for line in lines if not line.startswith("ref: ") and line.endswith("\tHEAD")]
    if not commits:
        raise SourceError(
            f"{git.url} has no default branch: it is empty, or its HEAD names a branch that is not there",
            hint="push a commit, or give a version (-v)",
        )
    return Resolved(commit=commits[0], name=named[0] if named else None)


def _list(git: Git, *arguments: str) -> Mapping[str, str]:
    """Full name -> object."""
    lines = (line.partition("\t") for line in git("ls-remote", *arguments).splitlines())
    return {name: commit for commit, _, name in lines}


def abbreviated(git: Git, ref: str) -> Resolved | None:
    """The one commit in the repository here whose id begins with `ref`.

    Raises:
        SourceError: there are several.
    """
    objects = git("rev-parse", f"--disambiguate={ref}")
    kinds = git("cat-file", "--batch-check=%(objectname) %(objecttype)", input=objects) if objects else ""
    commits = [line.split()[0] for line in kinds.splitlines() if line.endswith(" commit")]
    if len(commits) > 1:
        raise SourceError(
            f"{ref} abbreviates {len(commits)} commits of {git.url}",
            hint=f"give more digits: {', '.join(commits[:_SHOWN])}",
        )
    return Resolved(commit=commits[0]) if commits else None


def unknown(git: Git, ref: str) -> SourceError:
    """The error for a ref that is nowhere, with the nearest one that is."""
    refs = _list(git, "--heads", "--tags", "--", git.url)
    names = sorted({name.removeprefix(_HEADS).removeprefix(_TAGS).removesuffix("^{}") for name in refs})
    some = ", ".join(names[:_SHOWN]) + (", ..." if len(names) > _SHOWN else "")
    near = did_you_mean(ref.removeprefix("origin/"), names)
    return SourceError(
        f"{git.url} has no branch, tag or commit {ref!r}",
        hint=near or (f"it has {some}" if names else "it is empty"),
    )
