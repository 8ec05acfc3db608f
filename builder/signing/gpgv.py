"""A second opinion on signatures: GnuPG's gpgv, which has nothing in common with the code that signed."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from builder.signing import armor
from builder.signing import program as programs

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_SECONDS = 60  # for one signature
_NAME = "gpgv"
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
    with tempfile.TemporaryDirectory(prefix="trustpack-gpgv-") as folder:
        ring = Path(folder, "keys.gpg")
        texts = (text.decode("ascii") for text in certificates.values())
        ring.write_bytes(b"".join(block for text in texts for block in armor.blocks(text, armor.PUBLIC)))
        for signature, data in signed:
            files = [str(path.absolute()) for path in (signature, data) if path]
            options = ["--homedir", folder, "--keyring", str(ring), "--status-fd", "1"]
            options += ["--output", f"{folder}/text"] if data is None else []
            command = [program, *options, *files]
            done = programs.ask(command, b"", environment={"LC_ALL": "C", "HOME": folder}, seconds=_SECONDS)
            Path(folder, "text").unlink(missing_ok=True)
            if done.status != 0 and not _by_a_known_key(done.out):
                yield signature, done.said


def _by_a_known_key(status: bytes) -> bool:
    """Tell whether one signature is good, and the others are by keys that are not there: retired ones, say.

    gpgv ends with 2 then, and package managers take the file. Its lines: doc/DETAILS of GnuPG.
    """
    lines = [line.split()[1:] for line in status.splitlines() if line.startswith(b"[GNUPG:] ")]
    said = [line[0] for line in lines if line]
    unknown = [line for line in lines if line[:1] == [b"ERRSIG"]]
    return (
        b"VALIDSIG" in said
        and not {b"BADSIG", b"EXPSIG", b"EXPKEYSIG", b"REVKEYSIG", b"NODATA"} & set(said)
        and all(line[6:7] == [_NO_KEY] for line in unknown)
    )
