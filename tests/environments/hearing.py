"""What a person is told while an environment is made."""

from collections.abc import Callable

from runner.progress import Event


def into(said: list[str]) -> Callable[[Event], None]:
    """A listener that writes down what each phase is doing."""

    def hear(event: Event) -> None:
        match event:
            case ("changed", phase):
                said.append(phase.doing)
            case _:
                pass

    return hear
