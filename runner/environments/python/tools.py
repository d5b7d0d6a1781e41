"""Who does the work for Python environments: uv where there is one."""

from runner.environments.python import uv
from runner.environments.python.installer import Installer
from runner.environments.python.pip import Pip
from runner.environments.python.uv import Uv
from runner.progress import Phase
from runner.settings import Settings


def installer(settings: Settings, phase: Phase) -> Installer:
    """uv, else virtualenv and pip.

    Raises:
        EnvironmentFailed: RUNNER_UV names no executable.
    """
    program = uv.find(settings)
    return Uv(program, settings, phase) if program else Pip(settings, phase)
