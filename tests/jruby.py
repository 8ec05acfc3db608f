"""JRuby, fetched from Maven Central: once, pinned by digest, kept in a cache folder.

`python -m tests.jruby` fetches it into ~/.cache/trustpack, or the folder $TRUSTPACK_JRUBY.
"""

import hashlib
import os
import re
import urllib.request
import zipfile
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
    """Download the file alone: Maven's own way would first download, and run, a plugin that nothing pins."""
    url = f"{_repository()}/org/jruby/jruby-complete/{VERSION}/{kept.name}"
    with urllib.request.urlopen(url, timeout=300) as answer:  # noqa: S310  its digest is known
        data = answer.read()
    if hashlib.sha256(data).hexdigest() != SHA256:
        raise ValueError(f"{kept.name}: is not the file whose digest is known")
    new = kept.with_suffix(f".{os.getpid()}")
    new.write_bytes(data)
    new.replace(kept)


def _repository() -> str:
    """Return Maven Central's address, as the model that every project inherits from Maven has it."""
    [models] = (Path(require("mvn")).resolve().parents[1] / "lib").glob("maven-model-builder-3*.jar")
    model = zipfile.ZipFile(models).read("org/apache/maven/model/pom-4.0.0.xml").decode("utf-8")
    found: list[str] = re.findall(r"<url>(.+?)</url>", model)
    return found[0].rstrip("/")


if __name__ == "__main__":
    jar()
