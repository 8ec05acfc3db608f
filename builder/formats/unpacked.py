"""What a format's reader hands over: a package that agrees with its own checksums, not yet looked into."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

Kind = Literal["file", "dir", "link"]


class Malformed(Exception):  # noqa: N818  never leaves builder.inspect, whose read() names the file
    """What is wrong inside a package, before it is known which file that is."""


def text(raw: bytes) -> str:
    """Decode UTF-8; bytes that are none stay visible as escapes."""
    return raw.decode("utf-8", "backslashreplace")


class Entry(msgspec.Struct, frozen=True):
    """One unpacked entry; `owner` reads "user:group", empty where the format has none."""

    path: str
    data: bytes = b""
    mode: int = 0o644
    kind: Kind = "file"
    owner: str = ""
    link: str = ""

    def __repr__(self) -> str:
        """Say which it is, and nothing of what it holds."""
        return f"{type(self).__name__}({self.path!r})"


class Unpacked(msgspec.Struct, frozen=True):
    """A package as its format module hands it over: verified against its own checksums.

    `metadata` has the format's own field names; `scripts` holds whatever runs without being called:
    maintainer scripts, npm's lifecycle scripts, Python start-up hooks, RubyGems plugins.
    """

    format: str
    name: str
    version: str
    metadata: Mapping[str, str]
    entries: tuple[Entry, ...]
    scripts: Mapping[str, str] = msgspec.field(default_factory=dict)
