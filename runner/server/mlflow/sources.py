"""Which sources of model versions a client may name: never a place on our machine that was not told to it.

models:/m-ID  models:/NAME/VERSION  models:/NAME@ALIAS      what the caller may read
runs:/RUN/PATH                                              of the run that the request names, or names no other
s3://  gs://  az://...                                      anywhere but below our own root: clients go there themselves
mlflow-artifacts:/...  file:///...  s3://our-root/...       below the artifacts of the run or the logged model that the
                                                            request names, as they were told to clients

`..`, in whatever encoding, is refused everywhere.
"""

import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from urllib.parse import unquote

from runner.server.errors import Malformed
from runner.server.mlflow.call import Served
from runner.server.mlflow.registry_wire import CreateVersion
from runner.server.mlflow.runs import exact
from runner.server.places import OBJECT_STORES

LONGEST = 2000  # characters of a source
MODEL = re.compile(r"models:/(m-[^/@]+)")
VERSION = re.compile(r"models:/([^/@]+)/([0-9]{1,9})")
ALIASED = re.compile(r"models:/([^/@]+)@([^/@]+)")
RUN = re.compile(r"runs:/([^/]+)(/.*)?")


def kept(on: Served, request: CreateVersion) -> str:
    """The source as it is kept in the store.

    Raises:
        Malformed: a client must not name it.
        NotFound: it is a model or a run that is not there for the caller.
    """
    source = _plain(request.source)
    if source.startswith("models:"):
        return _model(on, source)
    if source.startswith(OBJECT_STORES) and not f"{source}/".startswith(f"{on.places.root.rstrip('/')}/"):
        return source
    if hit := RUN.fullmatch(source):
        if request.run_id in {"", hit[1]}:
            return source
        raise Malformed(f"Invalid model version source: {source!r}. It is not of the run {request.run_id!r}.")
    return _within(on, request, source)


def run_id(request: CreateVersion) -> str:
    """The run that the request names, in whatever way; "" if it names none."""
    hit = RUN.fullmatch(request.source)
    return request.run_id or (hit[1] if hit else "")


def _plain(source: str) -> str:
    decoded = source if len(source) <= LONGEST else "\0"
    while (further := unquote(decoded)) != decoded:
        decoded = further
    if decoded.isprintable() and ".." not in re.split(r"[/\\]", decoded):
        return source
    raise Malformed(
        f"Invalid model version source: {source[:LONGEST]!r}."
        f" At most {LONGEST} printable characters, without relative path references."
    )


def _model(on: Served, source: str) -> str:
    """The source, which the caller can read; an alias as the version that it stands for."""
    if hit := MODEL.fullmatch(source):
        return f"models:/{on.store.models.get(hit[1]).id}"
    if hit := VERSION.fullmatch(source):
        found = on.store.registry.version(hit[1], int(hit[2]))
    elif hit := ALIASED.fullmatch(source):
        found = on.store.registry.aliased(hit[1], hit[2])
    else:
        raise Malformed(f"Invalid model version source: {source!r}. It names no model.")
    return f"models:/{found.model}/{found.version}"


def _within(on: Served, request: CreateVersion, source: str) -> str:
    named = PurePosixPath(source).as_uri() if source.startswith("/") else source
    for root in _roots(on, request):
        told = on.places.told(root)
        if named == told or named.startswith(f"{told}/"):
            return root + named.removeprefix(told)
    raise Malformed(
        f"Invalid model version source: {source!r}. Name runs:/RUN/PATH, models:/..., an object store, or a place below"
        " the artifacts of the run or the logged model that run_id or model_id identifies."
    )


def _roots(on: Served, request: CreateVersion) -> Iterator[str]:
    if request.run_id:
        yield exact(on.store, request.run_id).artifact_uri.rstrip("/")
    if request.model_id:
        yield on.store.models.get(request.model_id).artifact_uri.rstrip("/")
