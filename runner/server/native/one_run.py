"""The calls about one run: what a page about it shows."""

from collections.abc import Sequence

from runner.server.native.artifact_list import ArtifactDigest, ListArtifacts, artifacts, digest, looked_at
from runner.server.native.boxed import Box, artifact, box
from runner.server.native.environments.of_run import environment
from runner.server.native.looking.shapes import View, ViewFile
from runner.server.native.operation import Operation
from runner.server.native.overview import overview
from runner.server.native.overview_shapes import ArtifactList, RunEnvironment, RunOverview

BYTES = "application/octet-stream"

OPERATIONS: Sequence[Operation] = (
    Operation("GET", "/runs/{run_id}/overview", "readRun", "All that one wants to know of a run first", overview, RunOverview),
    Operation(
        "GET", "/runs/{run_id}/artifacts", "listArtifacts", "What a directory of artifacts holds", artifacts,
        ArtifactList, ListArtifacts,
    ),
    Operation("POST", "/runs/{run_id}/box", "boxArtifacts", "An address of artifacts for pages without a session", box, Box),
    Operation(
        "GET", "/runs/{run_id}/digest/{path}", "digestArtifact", "The digest of an artifact", digest, ArtifactDigest
    ),
    Operation("GET", "/runs/{run_id}/artifacts/{path}", "readArtifact", "An artifact, boxed for browsers", artifact, BYTES),
    Operation(
        "GET", "/runs/{run_id}/view/{path}", "viewArtifact", "What can be seen of an artifact", looked_at, View, ViewFile
    ),
    Operation(
        "GET", "/runs/{run_id}/environment", "readEnvironment", "The packages of a run", environment, RunEnvironment
    ),
)  # fmt: skip
