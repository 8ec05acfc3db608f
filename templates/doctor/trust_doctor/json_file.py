"""JSON that anybody may have written: an object of bounded size and depth, or nothing."""

import json

LIMIT = 2 << 20
_DEEP = 40  # brackets: the parser recurses


def read(host, path):
    """Return the object in a file, None where there is none."""
    return parsed(host.text(path, LIMIT))


def parsed(text):
    """Return the object that a text is, None where it is none."""
    depth = deepest = 0
    for sign in text:
        if sign in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif sign in "]}":
            depth -= 1
    if deepest > _DEEP:
        return None
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return said if isinstance(said, dict) else None
