"""Commands whose first argument is a thing, or the name of another command: `runner export RUN FILE`, `runner export mlflow ...`."""

import click


class Otherwise(click.Group):
    """A group in which the command named by `metavar` gets whatever names no other one."""

    def __init__(self, *args: object, metavar: str, **settings: object) -> None:
        super().__init__(*args, **settings)  # type: ignore[arg-type] # as click.Group takes them
        self.metavar = metavar
        self.context_settings["ignore_unknown_options"] = True  # they are its own, and -1 is a run

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] != self.metavar and args[0] in self.commands:
            return super().resolve_command(ctx, args)
        return "", self.commands[self.metavar], args
