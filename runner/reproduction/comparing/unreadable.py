"""What keeps two files from being compared by content."""


class Unreadable(Exception):
    """The files are broken, too large, or of a kind that is not looked into. The text goes on from "digest differs; "."""


class LibraryMissing(Unreadable):
    """What reads such files is not installed."""

    def __init__(self) -> None:
        super().__init__("install runner[compare] to see by how much")
