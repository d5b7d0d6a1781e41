"""The routes of artifacts, for the application."""

from collections.abc import Sequence

from starlette.convertors import PathConvertor, register_url_convertor
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from runner.server.artifacts import owners, proxy
from runner.server.artifacts.directory import Directory
from runner.server.artifacts.files import Files
from runner.server.artifacts.objects import Objects
from runner.server.artifacts.served import served
from runner.tracking.artifacts import Artifacts

BASES = ("/api/2.0", "/ajax-api/2.0")
OF_MODEL = "/mlflow/logged-models/{model_id}/artifacts"


class Rest(PathConvertor):
    """All that follows, line feeds as well: paths.py says what is wrong with it."""

    regex = "(?s:.*)"


register_url_convertor("rest", Rest())


def open_files(uri: str) -> Files:
    """The place for artifacts at a URI.

    Raises:
        TrackingError: no such kind of place, or it refuses.
    """
    root = Artifacts(uri)
    return Objects(uri, root.objects) if root.directory is None else Directory(root.directory)


def routes() -> Sequence[BaseRoute]:
    """For an application whose `tracking.artifacts` says what they are answered from."""
    found: list[BaseRoute] = [
        Route("/get-artifact", owners.run_file),
        Route("/model-versions/get-artifact", owners.version_file),
        Route("/api/3.0/mlflow/server-info", _server_info),
        Route("/ajax-api/3.0/mlflow/server-info", _server_info),
    ]
    for base in BASES:
        found += [
            Route(base + proxy.FILES, proxy.directory),
            Route(f"{base}{proxy.FILES}/{{path:rest}}", proxy.file, methods=["GET", "PUT", "DELETE"]),
            Route(f"{base}{proxy.SIGNED}{{path:rest}}", proxy.signed),
            Route(f"{base}{proxy.PARTS}{{path:path}}", proxy.parts, methods=["POST"]),
            Route(f"{base}/mlflow/artifacts/list", owners.run_directory),
            Route(f"{base}{OF_MODEL}/directories", owners.model_directory),
            Route(f"{base}{OF_MODEL}/files", owners.model_file),
        ]
    return found


def _server_info(request: Request) -> Response:
    """What MLflow's clients may do with artifacts. It is the same for every caller, and tells nothing about any."""
    return JSONResponse(
        {
            "store_type": "SqlStore",
            "workspaces_enabled": False,
            "trace_archival_enabled": False,
            "multipart_uploads_enabled": False,  # a PUT streams; parts would be written twice
            "multipart_downloads_enabled": served(request).direct,
        }
    )
