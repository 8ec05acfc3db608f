"""The first stage: inputs in, certificates and findings out; nothing is lost without a word."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from builder.lint.rules import found
from builder.load import contents, source
from builder.model import Certificate, Finding, Origin

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

MAX_CERTIFICATES = 1000
_STDIN = "-"
_STDIN_NAME = "<stdin>"


@dataclass(frozen=True, slots=True)
class Loading:
    """What the inputs hold: every certificate where it was found, and what is wrong with the rest."""

    certificates: tuple[Certificate, ...]
    findings: tuple[Finding, ...]


def load(paths: Sequence[str | Path], *, stdin: bytes = b"") -> Loading:
    """Read every input: files, folders of files, and `stdin` where a path is "-".

    Never raises for what an input holds or lacks: that is in the findings.
    """
    certificates: list[Certificate] = []
    findings: list[Finding] = []
    for item in _items(map(str, paths), stdin):
        if isinstance(item, Finding):
            findings.append(item)
        elif len(certificates) < MAX_CERTIFICATES:
            certificates.append(item)
        else:
            findings.append(found("too-many", item.origin, f"is one certificate over {MAX_CERTIFICATES}"))
            break
    return Loading(tuple(certificates), tuple(findings))


def _items(paths: Iterable[str], stdin: bytes) -> Iterator[Certificate | Finding]:
    for path in paths:
        if path == _STDIN:
            yield from _standard_input(stdin)
            continue
        sources, findings = source.read(path)
        yield from findings
        for item in sources:
            yield from contents.read(item)


def _standard_input(stdin: bytes) -> Iterator[Certificate | Finding]:
    if len(stdin) > source.MAX_BYTES:
        yield found("too-large", Origin(_STDIN_NAME), f"is larger than {source.MAX_BYTES} bytes")
        return
    yield from contents.read(source.Source(_STDIN_NAME, stdin))
