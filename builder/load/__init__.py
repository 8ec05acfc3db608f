"""The first stage: inputs in, certificates and findings out; nothing is lost without a word."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from builder.load import contents, source
from builder.load.source import MAX_CERTIFICATES
from builder.model import Certificate, Finding, Origin
from builder.rules import found
from builder.text import urls

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

STDIN = "-"
_MAX_FINDINGS = 5000  # a bad input may have many faults, but nobody reads more
_MAX_STORES = 32  # each may ask for a third of a second of hashing
_STDIN_NAME = "<stdin>"


def is_file_name(name: str) -> bool:
    """Tell whether an input is a file or folder, and not standard input or an address, however misspelt."""
    return name != STDIN and not urls.is_address(name)


class Loading(msgspec.Struct, frozen=True):
    """What the inputs hold: every certificate where it was found, and what is wrong with the rest."""

    certificates: tuple[Certificate, ...]
    findings: tuple[Finding, ...]


def load(
    inputs: Sequence[str | Path],
    *,
    folder: Path = Path(),
    stdin: bytes = b"",
    passwords: Sequence[str] = (),
) -> Loading:
    """Read every input: files, folders of files, pinned https addresses, and `stdin` where it is "-".

    Relative paths are relative to `folder`; `passwords` are tried on trust stores. Never raises for what an
    input holds or lacks: that is in the findings.
    """
    certificates: list[Certificate] = []
    findings: list[Finding] = []
    for item in (item for name in inputs for item in _read(str(name), folder, stdin, passwords)):
        if isinstance(item, Finding):
            findings.append(item)
        else:
            certificates.append(item)
        if len(certificates) > MAX_CERTIFICATES or len(findings) > _MAX_FINDINGS:
            certificates = certificates[:MAX_CERTIFICATES]
            findings.append(found("too-many", item.origin, f"is one over {MAX_CERTIFICATES} certificates"))
            break
    return Loading(tuple(certificates), tuple(findings))


def _read(name: str, folder: Path, stdin: bytes, passwords: Sequence[str]) -> Iterator[Certificate | Finding]:
    if urls.is_address(name):
        # Most inputs are files, and the network's modules are slow to import.
        from builder.load import url

        yield from url.read(name, passwords)
    elif name == STDIN and len(stdin) > source.MAX_BYTES:
        yield found("too-large", Origin(_STDIN_NAME), f"is larger than {source.MAX_BYTES} bytes")
    elif name == STDIN:
        yield from contents.read(source.Input(_STDIN_NAME, stdin), passwords)
    else:
        yield from _files(str(folder / name), passwords)


def _files(path: str, passwords: Sequence[str]) -> Iterator[Certificate | Finding]:
    stores = 0
    for item in source.read(path):
        if isinstance(item, Finding):
            yield item
            continue
        stores += contents.is_store(item.data)
        if stores > _MAX_STORES:
            yield found("too-many", Origin(path), f"the folder has over {_MAX_STORES} PKCS #12 stores")
            return
        yield from contents.read(item, passwords)
