"""One text in place of another, in bytes that come in chunks."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


def replaced(chunks: Iterable[bytes], old: bytes, new: bytes) -> Iterator[bytes]:
    """Yield the bytes of `chunks` with `new` wherever `old` is, be it across two chunks."""
    rest = b""
    for chunk in chunks:
        *parts, rest = (rest + chunk).split(old)
        # No more of the end than this can be the beginning of `old`.
        done = max(0, len(rest) - len(old) + 1)
        yield new.join([*parts, rest[:done]])
        rest = rest[done:]
    yield rest
