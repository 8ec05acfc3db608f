"""Bytes that come in chunks, by the line."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


def whole_lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the same bytes in chunks that end with a line, but for the last if it does not."""
    rest = b""
    for chunk in chunks:
        lines, end, after = (rest + chunk).rpartition(b"\n")
        if end:
            yield lines + end
        rest = after
    if rest:
        yield rest
