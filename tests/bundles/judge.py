"""What the official validator, and the library for RO-Crates, say of a bundle; run in an environment of its own (crates.txt).

The contexts are not fetched: RO-Crate's comes with its library, and of that for workflow runs the terms that we use stand here.
"""

import json
import sys
from pathlib import Path
from typing import Any

import rocrate
from rocrate.rocrate import ROCrate
from rocrate_validator import models, services
from rocrate_validator.utils import document_loader

RUNS = "https://w3id.org/ro/terms/workflow-run"
TERMS = ("ContainerImage", "DockerImage", "containerImage", "environment", "sha256")


def context(url: str) -> Any:
    """Instead of a download."""
    if url == f"{RUNS}/context":
        return {"@context": {term: f"{RUNS}#{term}" for term in TERMS}}
    if url == "https://w3id.org/ro/crate/1.1/context":
        return json.loads(Path(rocrate.__file__).with_name("data").joinpath("ro-crate.jsonld").read_text())
    raise AssertionError(f"{url} would be downloaded")


class Answer:
    """As much of an HTTP answer as the validator looks at."""

    status_code, ok, headers = 200, True, {"Content-Type": "application/ld+json"}

    def __init__(self, url: str) -> None:
        self.text = json.dumps(context(url))

    def json(self) -> Any:
        return json.loads(self.text)

    def raise_for_status(self) -> None:
        pass


def ids(found: Any) -> list[str]:
    """Of one entity, several, or none."""
    return sorted(entity.id for entity in (found if isinstance(found, list) else [found] if found else []))


def judged(bundle: str) -> dict[str, Any]:
    requester = document_loader.HttpRequester
    requester.get = requester.fetch_fresh = lambda _self, url, **_: Answer(url)
    settings = services.ValidationSettings(
        rocrate_uri=bundle,
        profile_identifier="process-run-crate",
        requirement_severity=models.Severity.RECOMMENDED,
    )
    result = services.validate(settings)
    crate = ROCrate(bundle)
    [action] = [entity for entity in crate.contextual_entities if entity.type == "CreateAction"]
    return {
        "checks": len(result.executed_checks),
        "issues": [[one.severity.name, one.check.identifier, one.message] for one in result.get_issues()],
        "files": sorted(entity.id for entity in crate.data_entities),
        "instrument": action["instrument"].type,
        "agent": action["agent"]["name"],
        "object": ids(action.get("object")),
        "result": ids(action.get("result")),
        "status": action["actionStatus"],
        "error": action.get("error"),
    }


if __name__ == "__main__":
    json.dump([judged(name) for name in sys.argv[1:]], sys.stdout)
