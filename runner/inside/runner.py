"""``import runner`` inside a run: starts further runs. Stdlib only; works under every Python since 3.6."""


def run(uri: str) -> object:
    raise NotImplementedError
