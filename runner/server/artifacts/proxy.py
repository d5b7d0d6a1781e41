"""Artifacts by their paths below the root, as the `mlflow-artifacts:/...` of runs and models say them."""

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from runner.server.artifacts import content, paths
from runner.server.artifacts.files import Entry
from runner.server.artifacts.served import check, served
from runner.server.artifacts.upload import Upload
from runner.server.errors import NotSupported

FILES, SIGNED, PARTS = "/mlflow-artifacts/artifacts", "/mlflow-artifacts/presigned/", "/mlflow-artifacts/mpu/"
DECLINED = "is not supported for the current artifact repository"  # clients that read this go another way


async def directory(request: Request) -> Response:
    """GET .../artifacts?path=...: what a directory holds."""
    path = paths.checked(request.query_params.get("path", "").removesuffix("/"))
    await check(request, path)
    return JSONResponse(listed(await served(request).files.list(path)))


async def file(request: Request) -> Response:
    """GET, HEAD, PUT, DELETE .../artifacts/<path>."""
    path = paths.named(request, f"{FILES}/")
    match request.method:
        case "PUT":
            return await _put(request, paths.writable(path))
        case "DELETE":
            return await _delete(request, paths.deletable(path.removesuffix("/")))
    await check(request, paths.checked(path))
    return await content.answered(request, served(request).files, path)


async def signed(request: Request) -> Response:
    """GET .../presigned/<path>: where the client may get the artifact by itself."""
    path = paths.checked(paths.named(request, SIGNED))
    await check(request, path)
    on = served(request)
    stat = await on.files.stat(path)
    url = await on.files.signed(path) if on.direct else None
    if url is None:
        raise NotSupported(f"Presigned download {DECLINED}: this server sends artifacts itself")
    return JSONResponse({"url": url, "headers": {}, "file_size": stat.size})


async def parts(_: Request) -> Response:
    """POST .../mpu/...: an artifact in parts. We would write it twice; whole it streams, however large it is."""
    raise NotSupported(f"Multipart upload {DECLINED}: send the artifact whole")


def listed(entries: Sequence[Entry], *, below: str = "") -> dict[str, object]:
    """Entries in MLflow's shape; what is empty it leaves out."""
    found = [
        {"path": below + entry.name, "is_dir": entry.size is None}
        | ({} if entry.size is None else {"file_size": entry.size})
        for entry in entries
    ]
    return {"files": found} if found else {}


async def _put(request: Request, path: str) -> Response:
    await check(request, path, write=True)
    on = served(request)
    upload = Upload(request, largest=on.largest)
    etag = await on.files.put(path, upload.pieces(), size=upload.size)
    return JSONResponse({}, headers={"ETag": etag, "Repr-Digest": upload.digest})


async def _delete(request: Request, path: str) -> Response:
    await check(request, path, delete=True)
    await served(request).files.delete(path)
    return JSONResponse({})
