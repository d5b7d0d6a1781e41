"""Images of an engine: looked up, pulled, built, removed."""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from typing import IO, Any, TypeAlias

from msgspec import Struct

from runner.containers import trouble
from runner.containers.engine import Engine
from runner.containers.references import Reference
from runner.containers.wire import Refused
from runner.errors import EnvironmentFailed

OURS = (
    "runner.image"  # label of the images that we make: their purpose and what they are made of, "build:<key>"
)
_NOT_FOUND, _CONFLICT = 404, 409  # statuses of answers
_TAIL = 15  # lines of a step that failed
_MB = 1_000_000

Tell: TypeAlias = Callable[[str], None]


class Image(Struct, frozen=True, kw_only=True):
    """An image as the engine has it. `digests` name it in registries ("python@sha256:..."), `config` is how it runs."""

    id: str
    digests: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    labels: Mapping[str, str] = {}
    platform: str = ""
    created: str = ""
    bytes: int = 0
    config: Mapping[str, Any] = {}

    def __repr__(self) -> str:
        """Without `config`: the variables in it may be secrets."""
        return f"Image({self.id}, {', '.join(self.tags)})"

    def digest(self, reference: Reference) -> str | None:
        """Under which it can be pulled, best from where the reference points; None where no registry has it."""
        mine = [digest for digest in self.digests if digest.startswith(f"{reference.name}@")]
        return next(iter(mine or self.digests), None)


def find(engine: Engine, reference: str) -> Image | None:
    """The image by name or id; None where the engine has none."""
    with trouble.explained(f"image {reference} cannot be looked up"):
        try:
            return _image(engine.ask("GET", "/images/{}/json", reference))
        except Refused as error:
            if _gone(error):
                return None
            raise


def pull(engine: Engine, reference: Reference, *, environ: Mapping[str, str], tell: Tell) -> Image:
    """Pull an image, with the login of the `docker` command; `tell` hears how far it is.

    Raises:
        EnvironmentFailed: there is none, the registry wants a login, or it cannot be reached.
    """
    said = f"image {reference.text} cannot be pulled"
    layers = _Layers(reference.text, tell)
    with trouble.explained(said):
        login = _login(reference, environ)
        name = reference.to_pull
        for event in engine.told(
            lambda: engine.client.api.pull(name, stream=True, decode=True, auth_config=login)
        ):
            if "error" in event:
                raise trouble.refusal(said, str(event["error"]))
            layers.hear(event)
    found = find(engine, name)
    if found is None:
        raise EnvironmentFailed(f"{said}: the engine has it no more")
    return found


def offered(engine: Engine, reference: Reference, *, environ: Mapping[str, str]) -> bool | None:
    """Whether a registry has the image, which is not pulled; None where nobody tells."""
    if engine.product != "docker":  # podman has no such question
        return None
    errors = import_module("docker.errors")
    login = _login(reference, environ)
    try:
        engine.patiently(lambda: engine.client.api.inspect_distribution(reference.to_pull, auth_config=login))
    except errors.APIError as error:
        return False if _gone(error) else None
    except (errors.DockerException, OSError):
        return None
    return True


def build(
    engine: Engine,
    context: IO[bytes],
    *,
    dockerfile: str,
    args: Mapping[str, str],
    target: str | None,
    labels: Mapping[str, str],
    tag: str,
    tell: Tell,
) -> Image:
    """Build an image from a context, which is a tar file; `tell` hears each step.

    Raises:
        EnvironmentFailed: a step failed; its last lines are the detail.
    """
    steps = _Steps(tell)
    with trouble.explained(f"{dockerfile} cannot be built"):
        for event in engine.told(
            lambda: engine.client.api.build(
                fileobj=context,
                custom_context=True,
                dockerfile=dockerfile,
                buildargs=dict(args),
                target=target or "",
                labels=dict(labels),
                tag=tag,
                rm=True,
                forcerm=True,
                decode=True,
                timeout=None,
            )
        ):
            steps.hear(event)
            if "error" in event:
                raise steps.failure(dockerfile, str(event["error"]))
    found = find(engine, steps.id or tag)
    if found is None:
        raise EnvironmentFailed(f"{dockerfile} was built, and the engine has no image of it")
    return found


def name(engine: Engine, image: Image, tag: str) -> None:
    """Give an image another name, which another image loses if it has it."""
    repository, _, version = tag.rpartition(":")
    with trouble.explained(f"image {image.id} cannot be called {tag}"):
        engine.client.api.tag(image.id, repository, version)


def labelled(engine: Engine) -> list[Image]:
    """The images with our label: those that we made, those that others made of them, and those of liars."""
    with trouble.explained("images cannot be listed"):
        found = engine.client.api.images(filters={"label": OURS})
    images = (find(engine, item["Id"]) for item in found)
    return [image for image in images if image is not None]


def in_use(engine: Engine) -> set[str]:
    """Ids of the images of all containers."""
    with trouble.explained("containers cannot be listed"):
        return {str(item["ImageID"]) for item in engine.client.api.containers(all=True)}


def clear_left(engine: Engine, *, before: float) -> None:
    """Remove containers in which we made an image, and which somebody who was killed has left before that moment."""
    with trouble.explained("containers cannot be listed"):
        for item in engine.client.api.containers(all=True, filters={"label": OURS}):
            if not item["Labels"][OURS] and item["Created"] < before:
                with suppress(import_module("docker.errors").APIError):  # somebody else was faster
                    engine.client.api.remove_container(item["Id"], force=True, v=True)


def remove(engine: Engine, image: Image) -> bool:
    """Remove an image by the names that we know of it; False for one that a container, another image or name needs."""
    errors = import_module("docker.errors")
    with trouble.explained(f"image {image.id} cannot be removed"):
        for known in image.tags or (image.id,):
            try:
                engine.client.api.remove_image(known)
            except errors.APIError as error:
                if error.status_code == _CONFLICT:
                    return False
                if not _gone(error):
                    raise
    return True


def _gone(error: Any) -> bool:
    """Whether there is no such image, any more: an engine that is just removing it says so in its own words."""
    return error.status_code == _NOT_FOUND or "unrecognized image ID" in str(error)


def _image(found: Mapping[str, Any]) -> Image:
    config = found.get("Config") or {}
    return Image(
        id=found["Id"],
        digests=tuple(sorted(found.get("RepoDigests") or ())),
        tags=tuple(found.get("RepoTags") or ()),
        labels=dict(config.get("Labels") or {}),
        platform=f"{found.get('Os')}/{found.get('Architecture')}",
        created=str(found.get("Created", "")),
        bytes=int(found.get("Size", 0)),
        config=config,
    )


def _login(reference: Reference, environ: Mapping[str, str]) -> Mapping[str, str] | None:
    """The login of DOCKER_AUTH_CONFIG; None leaves it to the SDK, which reads what `docker login` has written."""
    text = environ.get("DOCKER_AUTH_CONFIG")
    if not text:
        return None
    try:
        configured = import_module("docker.auth").load_config(config_dict=json.loads(text))
    except (ValueError, TypeError, AttributeError) as error:
        raise EnvironmentFailed(
            "DOCKER_AUTH_CONFIG is not what `docker login` writes", hint='set it to {"auths": {...}}, as JSON'
        ) from error
    login: Mapping[str, str] | None = configured.resolve_authconfig(reference.registry)
    return login


class _Layers:
    """How far a pull is."""

    def __init__(self, name: str, tell: Tell) -> None:
        self.name = name
        self.tell = tell
        self.bytes: dict[str, tuple[int, int]] = {}
        self.done: set[str] = set()

    def hear(self, event: Mapping[str, Any]) -> None:
        layer, status = str(event.get("id", "")), str(event.get("status", ""))
        match status:
            case "Pulling fs layer" | "Waiting":
                self.bytes.setdefault(layer, (0, 0))
            case "Downloading":
                detail = event.get("progressDetail") or {}
                self.bytes[layer] = int(detail.get("current", 0)), int(detail.get("total", 0))
            case "Pull complete" | "Already exists":
                self.bytes.setdefault(layer, (0, 0))
                self.done.add(layer)
            case _:
                return
        self.tell(f"pulling {self.name}: {len(self.done)} of {len(self.bytes)} layers{self._amount()}")

    def _amount(self) -> str:
        current, total = (sum(column) for column in zip(*self.bytes.values(), strict=True))
        return f", {current / _MB:.1f} of {total / _MB:.1f} MB" if total else ""


class _Steps:
    """What a build says."""

    def __init__(self, tell: Tell) -> None:
        self.tell = tell
        self.step = ""
        self.lines: list[str] = []
        self.id: str | None = None

    def hear(self, event: Mapping[str, Any]) -> None:
        self.id = (event.get("aux") or {}).get("ID") or self.id
        for line in str(event.get("stream", "")).splitlines():
            self._line(line.rstrip())

    def _line(self, line: str) -> None:
        if line.startswith("Step "):
            self.step, self.lines = line.partition(" : ")[2], []
            self.tell(self.step)
        elif line:
            self.lines.append(line)
            if not line.startswith(" --->"):
                self.tell(line)

    def failure(self, dockerfile: str, error: str) -> EnvironmentFailed:
        said = f"{dockerfile} cannot be built"
        where = f": {self.step}" if self.step else ""
        lines: Sequence[str] = [line for line in self.lines if not line.startswith(" --->")]
        refused = trouble.refusal(said, error)
        detail = "\n".join([*lines[-_TAIL:], error])
        return EnvironmentFailed(f"{said}{where}", detail=trouble.masked(detail), hint=refused.hint)
