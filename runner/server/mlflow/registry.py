"""Calls about the model registry: registered models and their versions."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from runner.errors import Conflict
from runner.server.errors import Malformed, NameTaken, NotSupported
from runner.server.mlflow import registry_wire as wire
from runner.server.mlflow import shown, sources
from runner.server.mlflow.call import Call, Served, reading
from runner.server.mlflow.wire import Pair
from runner.server.places import Places
from runner.tracking.checks import LIMIT
from runner.tracking.registry import ModelVersion, RegisteredModel, Stage

MOST_MODELS, MOST_VERSIONS = 1000, 200_000  # at once, as in MLflow; a page may have fewer
STAGES = {stage.value.lower(): stage for stage in Stage}
PROMPT = "mlflow.prompt.is_prompt"


# registered models ----------------------------------------------------------------------------------------
def create(on: Served, request: wire.CreateModel) -> wire.OneModel:
    with _taken():
        made = on.store.registry.create(
            request.name, description=request.description, tags=_tags(request.tags)
        )
    return _one(made, on.places)


def get(on: Served, request: wire.OfModel) -> wire.OneModel:
    return _one(on.store.registry.get(request.name), on.places)


def update(on: Served, request: wire.UpdateModel) -> wire.OneModel:
    return _one(on.store.registry.describe(request.name, request.description), on.places)


def rename(on: Served, request: wire.RenameModel) -> wire.OneModel:
    if not request.new_name:
        raise Malformed("Missing value for required parameter 'new_name'.")
    with _taken():
        return _one(on.store.registry.rename(request.name, request.new_name), on.places)


def delete(on: Served, request: wire.OfModel) -> None:
    on.store.registry.delete(request.name)


def search(on: Served, request: wire.SearchModels) -> wire.Models:
    page = on.store.registry.search(
        filter=request.filter,
        order_by=request.order_by,
        limit=_limit(request.max_results, MOST_MODELS),
        page_token=request.page_token or None,
    )
    return wire.Models(
        registered_models=[_model(found, on.places) for found in page.items], next_page_token=page.next_token
    )


def list_(on: Served, request: wire.ListModels) -> wire.Models:
    """Of clients before 2.0."""
    return search(on, wire.SearchModels(max_results=request.max_results, page_token=request.page_token))


def latest(on: Served, request: wire.GetLatest) -> wire.Versions:
    found = on.store.registry.latest(request.name, [_stage(text) for text in request.stages])
    return wire.Versions(model_versions=[_version(one, on.places) for one in found])


def set_tag(on: Served, request: wire.SetModelTag) -> None:
    on.store.registry.tag(request.name, {request.key: request.value})


def delete_tag(on: Served, request: wire.DeleteModelTag) -> None:
    on.store.registry.delete_tag(request.name, request.key)


def set_alias(on: Served, request: wire.SetAlias) -> None:
    on.store.registry.set_alias(request.name, request.alias, request.version)


def delete_alias(on: Served, request: wire.OfAlias) -> None:
    on.store.registry.delete_alias(request.name, request.alias)


def get_aliased(on: Served, request: wire.OfAlias) -> wire.OneVersion:
    return _one_version(on.store.registry.aliased(request.name, request.alias), on.places)


# versions -------------------------------------------------------------------------------------------------
def create_version(on: Served, request: wire.CreateVersion) -> wire.OneVersion:
    made = on.store.registry.create_version(
        request.name,
        sources.kept(on, request),
        run_id=sources.run_id(request),
        run_link=request.run_link,
        model_id=request.model_id,
        description=request.description,
        user=on.user,
        tags=_tags(request.tags),
    )
    return _one_version(made, on.places)


def get_version(on: Served, request: wire.OfVersion) -> wire.OneVersion:
    return _one_version(on.store.registry.version(request.name, request.version), on.places)


def update_version(on: Served, request: wire.UpdateVersion) -> wire.OneVersion:
    found = on.store.registry.describe_version(request.name, request.version, request.description)
    return _one_version(found, on.places)


def move_version(on: Served, request: wire.MoveVersion) -> wire.OneVersion:
    found = on.store.registry.move_version(
        request.name,
        request.version,
        _stage(request.stage),
        archive_others=request.archive_existing_versions,
    )
    return _one_version(found, on.places)


def delete_version(on: Served, request: wire.OfVersion) -> None:
    on.store.registry.delete_version(request.name, request.version)


def search_versions(on: Served, request: wire.SearchVersions) -> wire.Versions:
    page = on.store.registry.search_versions(
        filter=request.filter,
        order_by=request.order_by,
        limit=_limit(request.max_results, MOST_VERSIONS),
        page_token=request.page_token or None,
    )
    return wire.Versions(
        model_versions=[_version(found, on.places) for found in page.items], next_page_token=page.next_token
    )


def download_uri(on: Served, request: wire.OfVersion) -> wire.DownloadUri:
    found = on.store.registry.version(request.name, request.version)
    return wire.DownloadUri(artifact_uri=on.places.told(found.location or found.source))


def set_version_tag(on: Served, request: wire.SetVersionTag) -> None:
    on.store.registry.tag_version(request.name, request.version, {request.key: request.value})


def delete_version_tag(on: Served, request: wire.DeleteVersionTag) -> None:
    on.store.registry.delete_version_tag(request.name, request.version, request.key)


# in MLflow's shapes and words -----------------------------------------------------------------------------
def _one(found: RegisteredModel, places: Places) -> wire.OneModel:
    return wire.OneModel(registered_model=_model(found, places))


def _one_version(found: ModelVersion, places: Places) -> wire.OneVersion:
    return wire.OneVersion(model_version=_version(found, places))


def _model(found: RegisteredModel, places: Places) -> wire.Model:
    return wire.Model(
        name=found.name,
        creation_timestamp=found.created,
        last_updated_timestamp=found.updated,
        description=found.description,
        latest_versions=[_version(version, places) for version in found.latest],
        tags=shown.pairs(found.tags),
        aliases=[wire.Alias(alias=alias, version=str(number)) for alias, number in found.aliases.items()],
    )


def _version(found: ModelVersion, places: Places) -> wire.Version:
    return wire.Version(
        name=found.model,
        version=str(found.version),
        creation_timestamp=found.created,
        last_updated_timestamp=found.updated,
        current_stage=found.stage.value,
        description=found.description,
        source=places.told(found.source),
        run_id=found.run_id,
        run_link=found.run_link,
        status="READY",
        model_id=found.model_id,
        user_id=found.user,
        tags=shown.pairs(found.tags),
        aliases=list(found.aliases),
    )


@contextmanager
def _taken() -> Iterator[None]:
    try:
        yield
    except Conflict as error:
        raise NameTaken(error.message, hint=error.hint) from error


def _tags(given: Sequence[Pair]) -> dict[str, str]:
    """The last of equal keys, as in MLflow.

    Raises:
        NotSupported: they make a prompt of the model.
    """
    tags = {tag.key: tag.value for tag in given}
    if tags.get(PROMPT, "").lower() == "true":
        raise NotSupported("prompts are not supported by this version of runner")
    return tags


def _stage(text: str) -> Stage:
    if text.lower() not in STAGES:
        raise Malformed(
            f"Invalid Model Version stage: {text}. Value must be one of {', '.join(stage.value for stage in Stage)}."
        )
    return STAGES[text.lower()]


def _limit(asked: int, most: int) -> int:
    if not 1 <= asked <= most:
        raise Malformed(f"Invalid value {asked} for parameter 'max_results': 1 to {most}")
    return min(asked, LIMIT)


MODELS, VERSIONS = "registered-models", "model-versions"
CALLS = (
    Call(f"{MODELS}/create", wire.CreateModel, create),
    reading(f"{MODELS}/get", wire.OfModel, get),
    Call(f"{MODELS}/update", wire.UpdateModel, update, ("PATCH",)),
    Call(f"{MODELS}/rename", wire.RenameModel, rename),
    Call(f"{MODELS}/delete", wire.OfModel, delete, ("DELETE",)),
    reading(f"{MODELS}/search", wire.SearchModels, search),
    reading(f"{MODELS}/list", wire.ListModels, list_),
    reading(f"{MODELS}/get-latest-versions", wire.GetLatest, latest, ("GET", "POST")),
    Call(f"{MODELS}/set-tag", wire.SetModelTag, set_tag),
    Call(f"{MODELS}/delete-tag", wire.DeleteModelTag, delete_tag, ("DELETE",)),
    Call(f"{MODELS}/alias", wire.SetAlias, set_alias),
    Call(f"{MODELS}/alias", wire.OfAlias, delete_alias, ("DELETE",)),
    reading(f"{MODELS}/alias", wire.OfAlias, get_aliased),
    Call(f"{VERSIONS}/create", wire.CreateVersion, create_version),
    reading(f"{VERSIONS}/get", wire.OfVersion, get_version),
    Call(f"{VERSIONS}/update", wire.UpdateVersion, update_version, ("PATCH",)),
    Call(f"{VERSIONS}/transition-stage", wire.MoveVersion, move_version),
    Call(f"{VERSIONS}/delete", wire.OfVersion, delete_version, ("DELETE",)),
    reading(f"{VERSIONS}/search", wire.SearchVersions, search_versions),
    reading(f"{VERSIONS}/get-download-uri", wire.OfVersion, download_uri),
    Call(f"{VERSIONS}/set-tag", wire.SetVersionTag, set_version_tag),
    Call(f"{VERSIONS}/delete-tag", wire.DeleteVersionTag, delete_version_tag, ("DELETE",)),
)
