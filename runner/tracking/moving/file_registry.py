"""The model registry in MLflow's store of files: `models/<name>/`."""

from collections.abc import Iterator
from pathlib import Path

from runner.errors import TrackingError
from runner.tracking.moving import meanings
from runner.tracking.moving.fields import META, Fields, directories, values
from runner.tracking.moving.report import Report
from runner.tracking.registry import ModelVersion, RegisteredModel

VERSION = "version-"


class FileRegistry:
    """See `holding.Holding`."""

    def __init__(self, root: Path, report: Report) -> None:
        self._root = root
        self._report = report

    def registered(self) -> Iterator[RegisteredModel]:
        for directory in directories(self._root / "models"):
            with self._report.leaving(f"registered model {directory.name!r}"):
                fields = Fields(self._root, directory / META)
                yield RegisteredModel(
                    name=directory.name,
                    created=fields.number("creation_timestamp") or 0,
                    updated=fields.number("last_updated_timestamp") or 0,
                    description=fields.text("description"),
                    tags=values(self._root, directory / "tags", self._report),
                    aliases=self._aliases(directory),
                )

    def versions(self, model: RegisteredModel) -> Iterator[ModelVersion]:
        found = directories(self._root / "models" / model.name)
        numbers = sorted(int(name) for directory in found if (name := _number(directory)).isdecimal())
        for number in numbers:
            with self._report.leaving(f"version {number} of {model.name!r}"):
                yield self._version(
                    self._root / "models" / model.name / f"{VERSION}{number}", model.name, number
                )

    def _aliases(self, directory: Path) -> dict[str, int]:
        written = values(self._root, directory / "aliases", self._report)
        return {alias: int(version) for alias, version in written.items()}

    def _version(self, directory: Path, model: str, number: int) -> ModelVersion:
        fields = Fields(self._root, directory / META)
        if fields.number("version") != number:
            raise TrackingError(f"{directory / META} is of another version")
        return ModelVersion(
            model=model,
            version=number,
            created=fields.number("creation_timestamp") or 0,
            updated=fields.number("last_updated_timestamp") or 0,
            source=fields.text("source"),
            location=fields.text("storage_location") or fields.text("source"),
            stage=meanings.stage(fields.text("current_stage")),
            description=fields.text("description"),
            run_id=fields.text("run_id"),
            run_link=fields.text("run_link"),
            model_id=fields.text("model_id"),
            user=fields.text("user_id"),
            tags=values(self._root, directory / "tags", self._report),
        )


def _number(directory: Path) -> str:
    return directory.name.removeprefix(VERSION) if directory.name.startswith(VERSION) else ""
