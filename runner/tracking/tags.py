"""Tags whose text is JSON, as MLflow has some."""

import json


def listed(text: str) -> list[object]:
    """What a tag lists, which clients may write as they like."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return []
    return found if isinstance(found, list) else []
