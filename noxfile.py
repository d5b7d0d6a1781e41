"""The checks, as everybody runs them: `nox` runs all, `nox -s tests` one."""

import os
import shutil

import nox

nox.options.default_venv_backend = "uv"
nox.options.reuse_existing_virtualenvs = True
nox.options.sessions = ["lint", "tests"]

COVERAGE = 95  # per cent of the branches of runner/
TYPESCRIPT = (
    "tests/server/ui/tools"  # checks the types of the JavaScript of our pages; nothing of it is shipped
)


@nox.session
def lint(session: nox.Session) -> None:
    """Style, types, and who may import whom."""
    _install(session)
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")
    session.run("mypy")
    session.run("lint-imports")
    _lint_pages(session)


@nox.session
def tests(session: nox.Session) -> None:
    """All tests; arguments go to pytest."""
    _install_for_tests(session)
    session.run("python", "-m", *_pytest(session))


@nox.session(default=False)
def nightly(session: nox.Session) -> None:
    """The tests that take a minute each."""
    _install_for_tests(session)
    session.run("python", "-m", *_pytest(session), "--nightly")


@nox.session(default=False)
def coverage(session: nox.Session) -> None:
    """All tests again, a third slower, with the branches that they cover."""
    _install_for_tests(session)
    session.run("coverage", "erase")
    session.run("coverage", "run", "-m", *_pytest(session), env={"COVERAGE_CORE": "ctrace"})
    session.run("coverage", "combine", "--quiet")
    session.run("coverage", "report", f"--fail-under={0 if session.posargs else COVERAGE}")


@nox.session(default=False)
def benchmarks(session: nox.Session) -> None:
    """Ours and the peer side by side; prints ratios."""
    _install(session)
    session.run("python", "-m", "benchmarks.run_overhead", *session.posargs)


def _lint_pages(session: nox.Session) -> None:
    """TypeScript over the JSDoc of our JavaScript, where there is npm."""
    if shutil.which("npm") is None:
        missing = "npm is not installed: it gets TypeScript, which checks the JavaScript of our pages"
        session.error(missing) if os.environ.get("CI") else session.warn(missing)
        return
    with session.chdir(TYPESCRIPT):
        session.run("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", external=True, silent=True)
        session.run("npm", "run", "--silent", "check", external=True)


def _install(session: nox.Session) -> None:
    session.install("--editable", ".", "--group", "dev")


def _install_for_tests(session: nox.Session) -> None:
    _install(session)
    # PostgreSQL, MariaDB, Ceph: by apt-get, if we are root on Debian
    session.run("python", "-m", "tests.services.programs")


def _pytest(session: nox.Session) -> tuple[str, ...]:
    at_once = f"--numprocesses={(os.cpu_count() or 1) + 2}"  # many tests wait for a server or a disk
    return "pytest", at_once, "--durations=25", *session.posargs
