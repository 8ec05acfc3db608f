"""A second opinion on signatures: GnuPG's gpgv, which has nothing in common with the code that signed."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from builder.signing import armor

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
            done = subprocess.run(
                [program, *options, *files],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                env={"LC_ALL": "C", "HOME": folder},
                timeout=_SECONDS,
                check=False,
            )
            Path(folder, "text").unlink(missing_ok=True)
            if done.returncode != 0 and not _by_a_known_key(done.stdout):
                yield signature, done.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]


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
