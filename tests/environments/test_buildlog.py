"""What a build tells: while it goes on, and afterwards."""

import threading

from runner.environments import buildlog
from runner.environments.kept import listing
from runner.environments.kept.verifying import verify
from tests.environments.builders import await_
from tests.environments.wheels import Index, Workshop


def test_what_the_tools_have_told_is_kept_with_the_environment(workshop: Workshop) -> None:
    environment = workshop.build("alpha")

    assert environment.path
    begun, lines = buildlog.read(environment.path / buildlog.LOG)
    entry = listing.entry(workshop.settings, str(environment.key))
    assert begun
    assert abs(entry.created - begun) < 60
    assert any("creating an environment with Python" in line for line in lines)
    assert any("+ alpha==1.0" in line for line in lines)
    assert verify(entry, settings=workshop.settings, phase=workshop.phase).sound
    assert not (environment.path.parent / f"{environment.key}.lock").read_bytes()


def test_a_build_that_goes_on_is_listed_with_what_it_has_told(workshop: Workshop, index: Index) -> None:
    index.add_slow_source("slow", seconds=1.5)
    lock = workshop.resolve("slow")
    building = threading.Thread(target=lambda: workshop.prepare(lock))
    building.start()
    try:
        await_(lambda: any(build.lines for build in listing.builds(workshop.settings)))
        (build,) = listing.builds(workshop.settings)
    finally:
        building.join()

    assert build.begun
    assert "creating an environment" in build.lines[0]
    assert listing.builds(workshop.settings) == []
    assert [entry.key for entry in listing.entries(workshop.settings)] == [build.key]


def test_a_log_has_an_end(workshop: Workshop) -> None:
    path = workshop.directory / "lock"
    with path.open("w+b") as file, buildlog.kept(workshop.phase, file.fileno()) as log:
        for _ in range(3000):
            workshop.phase.hear("x" * 100)
        log.keep(workshop.directory)

    content = (workshop.directory / buildlog.LOG).read_bytes()
    assert len(content) < buildlog.MOST + 100
    assert content.endswith(b"more was not kept\n")
