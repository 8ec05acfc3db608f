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
            done = subprocess.run(
                [program, "--homedir", folder, "--keyring", str(ring), "--output", f"{folder}/text", *files]
                if data is None
                else [program, "--homedir", folder, "--keyring", str(ring), *files],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                env={"LC_ALL": "C", "HOME": folder},
                timeout=_SECONDS,
                check=False,
            )
            Path(folder, "text").unlink(missing_ok=True)
            if done.returncode != 0:
                yield signature, done.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
