"""Experiments."""

from mlflow.entities import ViewType
from mlflow.tracking import MlflowClient

from tests.clients.flows.reading import names, shown_experiment, tried
from tests.clients.flows.register import Read, flow


@flow()
def experiments(space: str) -> Read:
    client = MlflowClient()
    made = client.create_experiment(f"{space}", tags={"team": "a", "äö": "ü ✓"})
    client.set_experiment_tag(made, "team", "b")
    again = tried(client.create_experiment, space)
    client.rename_experiment(made, f"{space}-renamed")
    renamed = shown_experiment(client.get_experiment(made))
    client.delete_experiment(made)
    deleted = shown_experiment(client.get_experiment(made))
    twice = tried(client.delete_experiment, made)
    run_in_deleted = tried(client.create_run, made)
    client.restore_experiment(made)
    return {
        "again": again, "renamed": renamed, "deleted": deleted, "twice": twice, "run_in_deleted": run_in_deleted,
        "restored": shown_experiment(client.get_experiment(made)),
        "by_name": shown_experiment(client.get_experiment_by_name(f"{space}-renamed")),
        "absent": tried(client.get_experiment_by_name, f"{space}-absent"),
        "absent_id": tried(client.get_experiment, "987654"),
        "no_id": tried(client.get_experiment, "abc"),
        "no_name": tried(client.create_experiment, ""),
        "number": tried(client.rename_experiment, made, ""),
        "default": shown_experiment(client.get_experiment("0"))["name"],
    }  # fmt: skip


@flow("1.27")
def search_experiments(space: str) -> Read:
    client = MlflowClient()
    for letter in "abc":
        made = client.create_experiment(f"{space}-{letter}", tags={"letter": letter})
    client.delete_experiment(made)
    filters = [
        f"name = '{space}-a'", f"name LIKE '{space}-%'", f"name ILIKE '{space.upper()}-%'", f"name != '{space}-a' AND name LIKE '{space}-%'",
        f"name LIKE '{space}-%' AND tags.letter = 'b'", f"tag.letter LIKE 'a%' AND attribute.name LIKE '{space}-%'",
        f"name LIKE '{space}-%' AND creation_time > 0", f"name LIKE '{space}-%' AND last_update_time > 0", "nothing = 'a'", "name < 'a'",
        "attributes.name = 'a'", "name = 1",
    ]  # fmt: skip
    found = {
        text: tried(lambda text=text: names(client.search_experiments(filter_string=text)))
        for text in filters
    }
    orders = (["name DESC"], ["creation_time ASC"], ["experiment_id DESC"], ["last_update_time"], ["nothing"])
    mine = f"name LIKE '{space}-%'"
    for order in orders:
        found[str(order)] = tried(
            lambda order=order: names(client.search_experiments(filter_string=mine, order_by=order))
        )
    for view in (ViewType.ACTIVE_ONLY, ViewType.DELETED_ONLY, ViewType.ALL):
        found[f"view {view}"] = names(client.search_experiments(view_type=view, filter_string=mine))
    page = client.search_experiments(max_results=1, filter_string=mine)
    found["pages"] = (
        names(page),
        names(client.search_experiments(max_results=1, filter_string=mine, page_token=page.token)),
    )
    return found
