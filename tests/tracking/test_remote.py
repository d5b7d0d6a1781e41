"""The store of a server: what every store keeps to, as far as MLflow's API lets it; its artifacts; who is refused."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from runner.server.access.caller import anybody
from runner.server.app import Tracking, create_app
from runner.server.artifacts.routes import open_files
from runner.server.artifacts.served import ServedArtifacts
from runner.server.places import Places
from runner.server.writer import Writer
from runner.settings import Settings
from runner.tracking import OpenStore, open_store
from tests.server.inprocess import answering
from tests.tracking import test_store as contract

DIFFERENT = {
    # MLflow's API has other codes, fewer words, or no place for it
    "test_the_name_of_an_experiment_is_unique_even_after_its_deletion": "hints are part of the message",
    "test_renaming_keeps_the_id_and_refuses_taken_names": "a taken name is no conflict",
    "test_deleting_an_experiment_deletes_its_runs_and_restoring_restores_them": "that it is deleted is no conflict",
    "test_the_default_experiment_stays": "that is no conflict",
    "test_a_run_comes_back_as_it_was_made": "there is a tag more, see below",
    "test_an_unknown_run_suggests_a_near_name": "that would read all of them",
    "test_whoever_names_an_unknown_run_is_told": "histories and leases of no run are empty",
    "test_a_page_token_that_we_did_not_give_is_refused": "an empty one is none",
    "test_a_run_that_is_deleted_while_it_goes_on_still_ends": "leases",
    "test_a_run_whose_lease_is_over_is_lost": "leases",
    "test_an_ended_or_deleted_run_needs_no_lease": "leases",
    "test_mlflows_words_for_a_status_mean_what_its_clients_see": "fewer states",
}
globals().update(
    {
        name: test
        for name, test in vars(contract).items()
        if name.startswith("test_") and name not in DIFFERENT
    }
)


@pytest.fixture
def server(database: Path, settings: Settings) -> Iterator[str]:
    """A server over this test's database; its address."""
    whole = open_store(settings)
    writer = Writer(whole)
    artifacts = ServedArtifacts(open_files(settings.artifact_root), largest=2**30)
    places = Places(root=settings.artifact_root, proxied=True)
    with answering(create_app(Tracking(whole, places, writer, artifacts), authenticate=anybody)) as uri:
        yield uri
    writer.close()
    whole.close()


@pytest.fixture
def store(server: str, settings: Settings) -> Iterator[OpenStore]:
    store = open_store(settings, server)
    yield store
    store.close()
