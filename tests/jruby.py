"""JRuby, fetched from Maven Central by Maven: once, pinned by digest, kept in a cache folder.

`python -m tests.jruby` fetches it into ~/.cache/trustpack, or the folder $TRUSTPACK_JRUBY.
"""

import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from tests.tools import require

VERSION = "9.4.14.0"
SHA256 = "d7779641a18c46af5ee502c4a936dde17d4c0c4e6c35544aebb3a8d096fd53c9"


def jar() -> Path:
    """Return JRuby's one file, fetched if it is not there."""
    require("java")
    named = os.environ.get("TRUSTPACK_JRUBY")
    folder = Path(named) if named else Path.home() / ".cache" / "trustpack"
    kept = folder / f"jruby-complete-{VERSION}.jar"
    if not kept.exists():
        folder.mkdir(parents=True, exist_ok=True)
        _fetch(kept)
    return kept


def _fetch(kept: Path) -> None:
    with tempfile.TemporaryDirectory(dir=kept.parent) as name:
        words = ["-q", "-B", f"-Dmaven.repo.local={name}", "dependency:get", "-Dtransitive=false"]
        subprocess.run(
            [require("mvn"), *words, f"-Dartifact=org.jruby:jruby-complete:{VERSION}"],
            cwd=name,
            check=True,
            capture_output=True,
        )
        [found] = Path(name).rglob(kept.name)
        if hashlib.sha256(found.read_bytes()).hexdigest() != SHA256:
            raise ValueError(f"{kept.name}: is not the file whose digest is known")
        shutil.move(found, kept)


if __name__ == "__main__":
    jar()
