"""GnuPG's gpgv, which has nothing in common with the code that signed, is asked about signatures."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from builder.release import scratch
from builder.signing import armor
from builder.signing import program as programs

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_SECONDS = 60  # for one signature
_NAME = "gpgv"
_REVOKED = b"REVKEYSIG"
_NO_KEY = b"9"  # why a signature could not be checked


def find() -> str:
    """Return gpgv's path, empty where it is not installed."""
    return shutil.which(_NAME) or ""


def refused(
    program: str, certificates: Mapping[str, bytes], signed: Iterable[tuple[Path, Path | None]]
) -> Iterator[tuple[Path, str]]:
    """Yield each signature that gpgv does not take for one by the certificates, and the last it says of it.

    `signed` are pairs of a detached signature and its file, or of a file that is signed within and None.
    """
    with scratch.folder("gpgv") as folder:
        ring = folder / "keys.gpg"
        texts = (text.decode("ascii") for text in certificates.values())
        ring.write_bytes(b"".join(block for text in texts for block in armor.blocks(text, armor.PUBLIC)))
        for signature, data in signed:
            if said := refusal(program, ring, signature, data, home=folder):
                yield signature, said


def refusal(program: str, ring: Path, signature: Path, data: Path | None, *, home: Path) -> str:
    """Return why gpgv refuses a signature over `data`, or one with its text in it; empty where it does not.

    `ring` holds packets of keys. `home` is a folder of nobody else's; nothing stays in it.
    """
    files = [str(path.absolute()) for path in (signature, data) if path]
    options = ["--homedir", str(home), "--keyring", str(ring.absolute()), "--status-fd", "1"]
    options += ["--output", f"{home}/text"] if data is None else []
    environment = {"LC_ALL": "C", "HOME": str(home)}
    done = programs.ask([program, *options, *files], b"", environment=environment, seconds=_SECONDS)
    Path(home, "text").unlink(missing_ok=True)
    if _REVOKED in _said(done.out):  # which leaves it with status 0
        return "the key of a signature is revoked"
    if done.status == 0 or _by_a_known_key(done.out):
        return ""
    return done.said or f"status {done.status}"


def _lines(status: bytes) -> list[list[bytes]]:
    return [line.split()[1:] for line in status.splitlines() if line.startswith(b"[GNUPG:] ")]


def _said(status: bytes) -> set[bytes]:
    """Return the words by which gpgv begins its lines: doc/DETAILS of GnuPG."""
    return {line[0] for line in _lines(status) if line}


def _by_a_known_key(status: bytes) -> bool:
    """Tell whether one signature is good, and the others are by keys that are not there: retired ones, say.

    gpgv ends with 2 then, and package managers take the file.
    """
    said = _said(status)
    unknown = [line for line in _lines(status) if line[:1] == [b"ERRSIG"]]
    return (
        b"VALIDSIG" in said
        and not {b"BADSIG", b"EXPSIG", b"EXPKEYSIG", b"NODATA"} & said
        and all(line[6:7] == [_NO_KEY] for line in unknown)
    )
