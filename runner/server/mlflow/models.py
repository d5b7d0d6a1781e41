"""Calls about logged models: those that a run makes. There is no registry yet.

The files of a model lie among the artifacts of its run, below `models/<id>`, where the client writes them by itself.
"""

import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass

from runner.errors import NotFound
from runner.server.errors import Malformed, NotSupported
from runner.server.mlflow import answers, documents, shown, wire
from runner.server.mlflow.call import Call, Served, reading
from runner.server.mlflow.documents import Model
from runner.server.mlflow.experiments import offset
from runner.server.mlflow.runs import exact
from runner.tracking.clock import now
from runner.tracking.model import Run
from runner.tracking.store import Store

ID = re.compile(r"m-[0-9a-f]{32}")
BAD_IN_NAMES = frozenset("/:.%\"'")
LIMIT = 1000  # runs whose models are looked through at once
CLAUSE = re.compile(
    r"(?:attributes\.)?`?(name|model_id|source_run_id|status|model_type)`?\s*=\s*(?:'([^']*)'|\"([^\"]*)\")"
)


@dataclass(frozen=True, slots=True)
class Found:
    """A model and the run that logged it."""

    run: Run
    model: Model


def create(on: Served, request: wire.CreateModel) -> answers.OneModel:
    run = exact(on.store, request.source_run_id or _default_run(on))
    number, moment = f"m-{secrets.token_hex(16)}", now()
    name = request.name or f"model-{number[2:10]}"
    if BAD_IN_NAMES & set(name):
        raise Malformed(
            f"Invalid model name ({name!r}) provided. Model name must be a non-empty string and cannot contain the"
            f" following characters: {sorted(BAD_IN_NAMES)}"
        )
    model = Model(
        id=number,
        name=name,
        path=f"models/{number}",
        created=moment,
        updated=moment,
        type=request.model_type or "",
        params={param.key: param.value for param in request.params},
        tags={tag.key: tag.value for tag in request.tags},
    )
    return _kept(on, Found(run, model))


def get(on: Served, request: wire.OfModel) -> answers.OneModel:
    return _shown(find(on.store, request.model_id))


def finalize(on: Served, request: wire.FinalizeModel) -> answers.OneModel:
    found = find(on.store, request.model_id)
    found.model.status = request.status
    return _kept(on, found)


def log_params(on: Served, request: wire.PairsOfModel) -> None:
    found = find(on.store, request.model_id)
    found.model.params |= {param.key: param.value for param in request.params}
    _kept(on, found)


def set_tags(on: Served, request: wire.PairsOfModel) -> answers.OneModel:
    found = find(on.store, request.model_id)
    found.model.tags |= {tag.key: tag.value for tag in request.tags}
    return _kept(on, found)


def delete_tag(on: Served, request: wire.DeleteModelTag) -> None:
    found = find(on.store, request.model_id)
    if request.tag_key not in found.model.tags:
        raise NotFound(f"model {request.model_id} has no tag {request.tag_key!r}")
    del found.model.tags[request.tag_key]
    _kept(on, found)


def search(on: Served, request: wire.SearchModels) -> answers.Models:
    """Models by exact attributes, newest first."""
    if request.order_by or request.datasets:
        raise NotSupported(
            "orders and data sets of model searches are not supported by this version of runner"
        )
    wanted = _wanted(request.filter)
    found = [
        one for one in _models(on.store, request.experiment_ids) if wanted.items() <= _attributes(one).items()
    ]
    found.sort(key=lambda one: (-one.model.created, one.model.id))
    start = offset(request.page_token)
    end = start + request.max_results
    return answers.Models(
        models=[_shown(one).model for one in found[start:end]],
        next_page_token=str(end) if end < len(found) else None,
    )


def log_outputs(on: Served, request: wire.LogOutputs) -> None:
    """At which step of the run its models were made."""
    for output in request.models:
        found = find(on.store, output.model_id)
        if found.run.id != request.run:
            raise NotSupported("a model as output of another run is not supported by this version of runner")
        found.model.step = output.step
        _kept(on, found)


def find(store: Store, model_id: str) -> Found:
    """The model with that id, in whatever run."""
    if ID.fullmatch(model_id):
        tag = documents.MODEL + model_id
        for run in store.search_runs(filter=f"tags.`{tag}` IS NOT NULL", limit=1, lifecycle=None).items:
            for model in documents.apart({tag: run.tags[tag]}).models:
                return Found(run, model)
    raise NotFound(f"Logged model with ID {model_id!r} not found.")


def _default_run(on: Served) -> str:
    if on.run_id is not None:
        return on.run_id
    raise NotSupported("models without a run are not supported by this version of runner")


def _models(store: Store, experiment_ids: list[str]) -> Iterator[Found]:
    token: str | None = None
    while True:
        page = store.search_runs(experiment_ids=experiment_ids, limit=LIMIT, page_token=token)
        for run in page.items:
            for model in documents.apart(run.tags).models:
                yield Found(run, model)
        token = page.next_token
        if token is None:
            return


def _wanted(text: str) -> dict[str, str]:
    """The attributes that a filter asks for."""
    clauses = [
        CLAUSE.fullmatch(part.strip())
        for part in re.split(r"\s+AND\s+", text, flags=re.IGNORECASE)
        if part.strip()
    ]
    wanted = {clause[1]: clause[2] or clause[3] or "" for clause in clauses if clause}
    if len(wanted) != len(clauses):
        raise NotSupported(f"the filter {text!r} of models is not supported by this version of runner")
    return wanted


def _attributes(found: Found) -> dict[str, str]:
    model = found.model
    return {
        "name": model.name,
        "model_id": model.id,
        "source_run_id": found.run.id,
        "status": model.status.removeprefix("LOGGED_MODEL_"),
        "model_type": model.type,
    }


def _kept(on: Served, found: Found) -> answers.OneModel:
    found.model.updated = now()
    on.store.log(found.run.id, tags=documents.of_models([found.model]))
    return _shown(found)


def _shown(found: Found) -> answers.OneModel:
    run, model = found.run, found.model
    return answers.OneModel(
        model=answers.LoggedModel(
            info=answers.ModelInfo(
                model_id=model.id,
                experiment_id=run.experiment_id,
                name=model.name,
                creation_timestamp_ms=model.created,
                last_updated_timestamp_ms=model.updated,
                artifact_uri=f"{run.artifact_uri.rstrip('/')}/{model.path}",
                status=model.status,
                model_type=model.type,
                source_run_id=run.id,
                tags=shown.pairs(model.tags),
            ),
            data=answers.ModelData(params=shown.pairs(model.params)),
        )
    )


MODEL = "logged-models/{model_id}"
CALLS = (
    Call("logged-models", wire.CreateModel, create),
    reading("logged-models/search", wire.SearchModels, search, ("POST",)),
    reading(MODEL, wire.OfModel, get),
    Call(MODEL, wire.FinalizeModel, finalize, ("PATCH",)),
    Call(f"{MODEL}/params", wire.PairsOfModel, log_params),
    Call(f"{MODEL}/tags", wire.PairsOfModel, set_tags, ("PATCH",)),
    Call(f"{MODEL}/tags/{{tag_key:path}}", wire.DeleteModelTag, delete_tag, ("DELETE",)),
    Call("runs/outputs", wire.LogOutputs, log_outputs),
)
