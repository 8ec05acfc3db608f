"""An organisation's realms, told from its files before anybody builds them: each is built as one more.

Two organisations may lay claim to one name so: `acme` with a realm `staging`, and `acme-staging`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from builder.config import FILE_NAME, REALM
from builder.errors import ConfigError
from builder.text import document

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

_MARK = b"realms"
_MOST_BYTES = 128 * 1024  # of a configuration that has any: who asks reads thousands
_MOST = 50


def names(files: Mapping[str, bytes]) -> tuple[str, ...]:
    """Return the names of the realms that an organisation's files tell of; of faulty ones, none.

    Whoever builds finds the fault, or realms that were not told here, and refuses them.
    """
    data = files.get(FILE_NAME, b"")
    if _MARK not in data or len(data) > _MOST_BYTES:
        return ()
    try:
        found = document.parse(data.decode("utf-8", "replace"), FILE_NAME).value
    except ConfigError:
        return ()
    given = found.get("realms") if isinstance(found, dict) else None
    known = [name for name in given if re.search(REALM, name)] if isinstance(given, dict) else []
    return tuple(known) if len(known) <= _MOST else ()


def claimed_twice(folders: Iterable[str], read: Callable[[str], Mapping[str, bytes]]) -> dict[str, str]:
    """Return each name that a folder and a realm have, or two realms, and what is said of it.

    Only folders of which one's name begins with the other's can meet, so no others are read.
    """
    known = set(folders)
    related = {name for name in known for one in above(name) if one in known}
    related |= {one for name in related for one in above(name) if one in known}
    claims: dict[str, list[str]] = {name: ["a folder"] for name in related}
    for folder in sorted(related):
        try:
            files = read(folder)
        except ConfigError:
            continue
        for realm in names(files):
            claims.setdefault(f"{folder}-{realm}", []).append(f"the realm {realm} of {folder}")
    return {name: " and ".join(what) for name, what in claims.items() if len(what) > 1}


def above(name: str) -> Iterator[str]:
    """Yield what a name may be a realm of: acme-eu and acme for acme-eu-staging."""
    while name := name.rpartition("-")[0]:
        yield name
