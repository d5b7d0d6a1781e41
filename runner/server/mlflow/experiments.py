"""Calls about experiments."""

from runner.errors import Conflict, NotFound
from runner.server.errors import Malformed, NameTaken
from runner.server.mlflow import answers, shown, wire
from runner.server.mlflow.call import Call, Served, reading
from runner.tracking.model import Experiment
from runner.tracking.store import Store


def create(on: Served, request: wire.CreateExperiment) -> answers.ExperimentId:
    try:
        made = on.store.create_experiment(
            request.name,
            artifact_location=on.places.kept(request.artifact_location)
            if request.artifact_location
            else None,
            tags={tag.key: tag.value for tag in request.tags},
        )
    except Conflict as error:
        raise NameTaken(error.message, hint=error.hint) from error
    return answers.ExperimentId(experiment_id=made.id)


def get(on: Served, request: wire.OfExperiment) -> answers.OneExperiment:
    return answers.OneExperiment(
        experiment=shown.experiment(by_id(on.store, request.experiment_id), on.places)
    )


def get_by_name(on: Served, request: wire.GetExperimentByName) -> answers.OneExperiment:
    return answers.OneExperiment(
        experiment=shown.experiment(on.store.experiment_named(request.experiment_name), on.places)
    )


def search(on: Served, request: wire.SearchExperiments) -> answers.Experiments:
    page = on.store.search_experiments(
        filter=request.filter,
        order_by=request.order_by,
        limit=request.max_results,
        page_token=request.page_token or None,
        lifecycle=shown.LIFECYCLE[request.view_type],
    )
    return answers.Experiments(
        experiments=[shown.experiment(one, on.places) for one in page.items],
        next_page_token=page.next_token,
    )


def update(on: Served, request: wire.UpdateExperiment) -> None:
    if not request.new_name:
        raise Malformed("Missing value for required parameter 'new_name'.")
    on.store.rename_experiment(number(request.experiment_id), request.new_name)


def delete(on: Served, request: wire.OfExperiment) -> None:
    on.store.delete_experiment(number(request.experiment_id))


def restore(on: Served, request: wire.OfExperiment) -> None:
    on.store.restore_experiment(number(request.experiment_id))


def set_tag(on: Served, request: wire.SetExperimentTag) -> None:
    on.store.tag_experiment(number(request.experiment_id), {request.key: request.value})


def delete_tag(on: Served, request: wire.DeleteExperimentTag) -> None:
    on.store.delete_experiment_tag(number(request.experiment_id), request.key)


def number(experiment_id: str) -> str:
    """The id, if it can be one: the store would also take a name."""
    if not (experiment_id.isascii() and experiment_id.isdecimal()):
        raise NotFound(f"No Experiment with id={experiment_id!r} exists")
    return experiment_id


def by_id(store: Store, experiment_id: str) -> Experiment:
    """The experiment with that id, not with such a name."""
    found = store.experiment(number(experiment_id))
    if found.name == experiment_id != found.id:
        raise NotFound(f"No Experiment with id={experiment_id} exists")
    return found


def offset(token: str | None) -> int:
    """Where a page begins."""
    if not token:
        return 0
    if not (token.isascii() and token.isdecimal() and len(token) < 19):  # noqa: PLR2004 - 64 bits
        raise Malformed(f"Invalid page token {token!r}")
    return int(token)


CALLS = (
    Call("experiments/create", wire.CreateExperiment, create),
    reading("experiments/get", wire.OfExperiment, get),
    reading("experiments/get-by-name", wire.GetExperimentByName, get_by_name),
    reading("experiments/search", wire.SearchExperiments, search, ("GET", "POST")),
    reading("experiments/list", wire.SearchExperiments, search),  # of clients before 2.0
    Call("experiments/update", wire.UpdateExperiment, update),
    Call("experiments/delete", wire.OfExperiment, delete),
    Call("experiments/restore", wire.OfExperiment, restore),
    Call("experiments/set-experiment-tag", wire.SetExperimentTag, set_tag),
    Call("experiments/delete-experiment-tag", wire.DeleteExperimentTag, delete_tag),
)
