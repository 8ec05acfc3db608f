"""One file of a site, and when in a publication it is written."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Annotated, Protocol

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable


Count = Annotated[int, msgspec.Meta(ge=0)]


class Kind(IntEnum):
    """What a file is to its readers, in the order in which a publication writes: no reader finds half of it.

    BLOB: a package, or what belongs to one version; it never changes under its name. HASHED: metadata whose
    name holds its digest or generation; it never changes either. LEAF: an index of one name, or a page, that
    is complete by itself. POINTER: what a package manager asks for first, and what leads it to the others.
    STATUS: the site's own signed word on what it holds, and the very last.
    """

    BLOB = 1
    HASHED = 2
    LEAF = 3
    POINTER = 4
    STATUS = 5

    @property
    def immutable(self) -> bool:
        """Whether its content never changes under its name."""
        return self <= Kind.HASHED


class SiteFile(msgspec.Struct, frozen=True):
    """A file whose content is at hand, by its path below the site's root (no slash in front)."""

    path: str
    kind: Kind
    data: bytes

    def __repr__(self) -> str:
        """Say which it is, and nothing of what it holds."""
        return f"{type(self).__name__}({self.path!r})"


class Listed(msgspec.Struct, frozen=True, order=True, gc=False):
    """A file of the site as its list has it: `size` in bytes, `sha256` in hex."""

    path: str
    kind: Kind
    size: int
    sha256: str


class Staging(Protocol):
    """Where a publication's files are gathered before the first of them is published."""

    def put(self, path: str, kind: Kind, content: bytes | str | Iterable[bytes]) -> Listed:
        """Take a file's content (text as UTF-8), whole or in chunks; return what became of it.

        `{sha256}` in the path stands for the content's digest.
        """
        ...

    def copy(self, staged: Listed, path: str, kind: Kind) -> Listed:
        """Take the content of a file that was put, once more under another path."""
        ...
