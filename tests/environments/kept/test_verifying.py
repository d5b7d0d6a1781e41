"""Files changed in place, where packages lie in a cache that environments share by hard links."""

import os
import subprocess
from pathlib import Path

import pytest

from runner.environments import Environment
from runner.environments.kept.listing import entries, entry
from runner.environments.kept.notes import NOTES
from runner.environments.kept.verifying import Verification, repair, verify
from runner.environments.moving.packing import pack
from runner.errors import EnvironmentFailed
from runner.progress import Phase
from runner.project.model import PythonEnv
from tests.environments.wheels import Workshop

PHASE = Phase("verification")


@pytest.fixture(autouse=True)
def _cache_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workshop: Workshop) -> None:
    """What is changed here must not come into other tests."""
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv"))


def site(environment: Environment) -> Path:
    assert environment.path
    (found,) = environment.path.glob("lib/python*/site-packages")
    return found


def verified(workshop: Workshop, environment: Environment) -> Verification:
    assert environment.key
    return verify(entry(workshop.settings, environment.key), settings=workshop.settings, phase=PHASE)


def short(paths: tuple[str, ...]) -> list[str]:
    return ["/".join(path.split("/")[-2:]) for path in paths]


def test_what_was_just_built_is_as_it_was_built(workshop: Workshop) -> None:
    assert verified(workshop, workshop.build("alpha")).sound


@pytest.mark.slow
def test_what_virtualenv_and_pip_have_built_is_as_well(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNNER_UV", "none")

    found = verified(workshop, workshop.build("alpha"))

    assert (found.changed, found.missing, found.added) == ((), (), ())


def test_bytecode_that_programs_leave_is_no_change(workshop: Workshop) -> None:
    environment = workshop.build("alpha")
    assert environment.interpreter
    program = [str(environment.interpreter.path), "-c", "import alpha; print(alpha.__cached__)"]
    kept = {name: text for name, text in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(program, capture_output=True, text=True, check=True, env=kept)

    assert Path(done.stdout.strip()).exists()
    assert verified(workshop, environment).sound


def test_a_changed_a_missing_and_an_added_file_are_found(workshop: Workshop) -> None:
    environment = workshop.build("alpha")
    (site(environment) / "alpha/__init__.py").write_text("version = 'mine'\n")
    (site(environment) / "beta/__init__.py").unlink()
    (site(environment) / "sitecustomize.py").write_text("")

    found = verified(workshop, environment)

    assert not found.sound
    assert short(found.changed) == ["alpha/__init__.py"]
    assert short(found.missing) == ["beta/__init__.py"]
    assert short(found.added) == ["site-packages/sitecustomize.py"]


def test_a_file_that_is_now_a_link_has_changed(workshop: Workshop) -> None:
    environment = workshop.build("alpha")
    file = site(environment) / "alpha/__init__.py"
    file.rename(file.with_name("original.py"))
    file.symlink_to("original.py")

    assert short(verified(workshop, environment).changed) == ["alpha/__init__.py"]


def test_a_link_that_leads_elsewhere_has_changed(workshop: Workshop, tmp_path: Path) -> None:
    environment = workshop.build("beta")
    assert environment.path
    (tmp_path / "evil").write_text("")
    (environment.path / "bin/python3").unlink()
    (environment.path / "bin/python3").symlink_to(tmp_path / "evil")

    assert verified(workshop, environment).changed == ("bin/python3",)
    with pytest.raises(EnvironmentFailed, match="is not as it was built"):
        pack(
            entry(workshop.settings, environment.path.name),
            None,
            tmp_path / "evil.zip",
            settings=workshop.settings,
            phase=PHASE,
        )


def test_files_that_no_package_lists_are_known_one_by_one(workshop: Workshop) -> None:
    environment = workshop.build("beta")
    assert environment.path
    for name in ("bin/python3.99", "bin/activate.evil", "conda-meta/zz"):
        (environment.path / name).parent.mkdir(exist_ok=True)
        (environment.path / name).write_text("")
    (environment.path / "bin/activate").write_text("evil")
    record = site(environment) / "beta-2.0.dist-info/RECORD"
    record.write_text(record.read_text() + "bin/python3.99,,\n")

    found = verified(workshop, environment)

    assert short(found.changed) == ["bin/activate", "beta-2.0.dist-info/RECORD"]
    assert "bin/activate.evil" in found.added
    assert "conda-meta/zz" in found.added


def test_an_environment_of_which_nothing_was_noted_is_not_vouched_for(workshop: Workshop) -> None:
    environment = workshop.build("beta")
    assert environment.path
    (environment.path / NOTES).unlink()

    assert verified(workshop, environment).missing == (NOTES,)


def test_packages_that_came_and_went_later_are_found(workshop: Workshop) -> None:
    environment = workshop.build("alpha")
    other = workshop.build("gamma")
    for path in [*site(environment).glob("beta*")]:
        path.rename(site(environment).parent / path.name)
    for path in [*site(other).glob("gamma*")]:
        path.rename(site(environment) / path.name)

    found = verified(workshop, environment)

    assert "beta-2.0.dist-info/RECORD" in short(found.missing)
    assert "gamma/__init__.py" in short(found.added)


def test_another_base_is_found(workshop: Workshop) -> None:
    environment = workshop.build("beta")
    assert environment.path
    configuration = environment.path / "pyvenv.cfg"
    configuration.write_text(configuration.read_text().replace("packages = false", "packages = true"))
    (environment.path / "bin/python").unlink()
    (environment.path / "bin/python").symlink_to("/bin/sh")

    assert verified(workshop, environment).changed == ("bin/python", "pyvenv.cfg")


def test_an_editable_package_cannot_be_verified_and_is_named(workshop: Workshop) -> None:
    package = workshop.directory / "mine"
    package.mkdir()
    (package / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "own"\nbackend-path = ["."]\n'
        '[project]\nname = "mine"\nversion = "1.0"\n'
    )
    (package / "own.py").write_text(EDITABLE_BACKEND)

    found = verified(workshop, workshop.build(spec=PythonEnv(requirements=("-e ./mine",))))

    assert found.sound
    assert found.unverifiable == ("mine",)


EDITABLE_BACKEND = """
import os, zipfile
def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    name = "mine-1.0-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(wheel_directory, name), "w") as archive:
        archive.writestr("mine.pth", os.getcwd())
        archive.writestr("mine-1.0.dist-info/METADATA", "Metadata-Version: 2.1\\nName: mine\\nVersion: 1.0\\n")
        archive.writestr("mine-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        archive.writestr("mine-1.0.dist-info/RECORD", "mine.pth,,\\nmine-1.0.dist-info/METADATA,,\\nmine-1.0.dist-info/WHEEL,,\\nmine-1.0.dist-info/RECORD,,\\n")
    return name
build_wheel = build_editable
"""


def test_an_edit_in_a_shared_file_names_who_shares_it(workshop: Workshop) -> None:
    edited, sharing, untouched = workshop.build("alpha"), workshop.build("beta"), workshop.build("gamma")
    with (site(edited) / "beta/__init__.py").open("a") as file:
        file.write("# mine\n")

    found = verified(workshop, edited)

    assert found.sharing == (sharing.key,)
    assert found.suspicious == ("beta",)
    assert not verified(workshop, sharing).sound
    assert verified(workshop, untouched).sound


def test_repair_goes_to_the_package_cache_so_that_the_next_build_is_right(workshop: Workshop) -> None:
    edited, sharing = workshop.build("alpha"), workshop.build("beta")
    with (site(edited) / "beta/__init__.py").open("a") as file:
        file.write("# mine\n")

    removed = repair(verified(workshop, edited), settings=workshop.settings, phase=PHASE)
    anew = workshop.build("alpha")

    assert removed == [edited.key, sharing.key]
    assert [item.key for item in entries(workshop.settings)] == [anew.key]
    assert not anew.reused
    assert "mine" not in (site(anew) / "beta/__init__.py").read_text()


def test_nothing_is_repaired_while_a_program_runs_in_it(workshop: Workshop) -> None:
    edited, sharing = workshop.build("alpha"), workshop.build("beta")
    with (site(edited) / "beta/__init__.py").open("a") as file:
        file.write("# mine\n")
    assert sharing.interpreter
    # as another user's: only its command line tells
    program = subprocess.Popen(
        [sharing.interpreter.path, "-c", "print(flush=True); input()"], stdin=-1, stdout=-1
    )
    assert program.stdout
    program.stdout.readline()
    try:
        with pytest.raises(EnvironmentFailed, match="is in use"):
            repair(verified(workshop, edited), settings=workshop.settings, phase=PHASE)
    finally:
        program.kill()
        program.communicate()

    assert len(entries(workshop.settings)) == 2
