"""Write builder/lint/known_roots.csv and its date: `python -m tests.lint.known_roots [--newer]`.

What Mozilla's list of public roots held, and no longer holds, is read from the releases of certifi, each
pinned by digest in certifi.txt; --newer pins the releases that have come since, first. Rows of compromised
roots, and of roots that were removed before the first of these releases, stay as they are.
"""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from builder.lint import known
from builder.load import load
from tests.roots import folder

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from builder.model import Certificate

PINS = Path(__file__).with_name("certifi.txt")
_PIN = re.compile(r"certifi==(\S+) --hash=sha256:([0-9a-f]{64})")
_FIELDS = ("sha256", "spki_sha256", "status", "reason", "subject", "since")
_RANK = {"compromised": 0, "public": 1, "removed": 2}


def main(*, newer: bool) -> None:
    """Read every pinned release, and write what they say."""
    cache = folder() / "certifi"
    cache.mkdir(parents=True, exist_ok=True)
    if newer:
        PINS.write_text(PINS.read_text("ascii") + "".join(_newer(cache)), "ascii")
    releases = {version: _roots(_fetch(version, digest, cache)) for version, digest in pins().items()}
    kept = list(csv.DictReader(known.TABLE.read_text("utf-8").splitlines()))
    rows = merged(kept, releases)
    with known.TABLE.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, _FIELDS, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    newest = list(releases)[-1]
    known.DATE.write_bytes(
        msgspec.json.format(
            msgspec.json.encode({"as_of": date(newest).isoformat(), "source": f"certifi {newest}"})
        )
        + b"\n"
    )


def pins() -> dict[str, str]:
    """Return the digest of each pinned release, the oldest first."""
    return {
        match[1]: match[2] for match in map(_PIN.fullmatch, PINS.read_text("ascii").splitlines()) if match
    }


def date(version: str) -> dt.date:
    """Return the day that a release of certifi is named after."""
    year, month, day = map(int, version.split(".")[:3])
    return dt.date(year, month, day)


def day(row: Mapping[str, str]) -> str:
    """Return since when a root is in the list, to compare as text; nothing where it is there no longer."""
    return date(row["since"]).isoformat() if row["status"] == "public" else ""


def _newer(cache: Path) -> Iterator[str]:
    """Yield the line that pins each release that is newer than all pinned ones."""
    said = _pip("index", "versions", "certifi")
    listed = re.search(r"Available versions: (.*)", said)
    assert listed, said
    versions = listed[1].split(", ")
    for version in reversed(versions[: versions.index(list(pins())[-1])]):
        _download(version, cache)
        digest = hashlib.sha256(_wheel(version, cache).read_bytes()).hexdigest()
        yield f"certifi=={version} --hash=sha256:{digest}\n"


def _download(version: str, cache: Path) -> None:
    words = ("download", "--no-deps", "--only-binary", ":all:", "--dest", str(cache))
    _pip(*words, f"certifi=={version}")


def _fetch(version: str, digest: str, cache: Path) -> bytes:
    """Return the bundle of one release, downloaded once."""
    if not any(cache.glob(f"certifi-{version}-*.whl")):
        _download(version, cache)
    wheel = _wheel(version, cache)
    assert hashlib.sha256(wheel.read_bytes()).hexdigest() == digest, f"{wheel}: is not what is pinned"
    with zipfile.ZipFile(wheel) as archive:
        return archive.read("certifi/cacert.pem")


def _wheel(version: str, cache: Path) -> Path:
    (found,) = cache.glob(f"certifi-{version}-*.whl")
    return found


def _pip(*words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "pip", "--disable-pip-version-check", *words],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def _roots(bundle: bytes) -> tuple[Certificate, ...]:
    return load(["-"], stdin=bundle).certificates


def merged(
    kept: list[dict[str, str]], releases: Mapping[str, tuple[Certificate, ...]]
) -> list[dict[str, str]]:
    """Return the rows that `releases`, the oldest first, make of the rows that were."""
    newest = list(releases)[-1]
    first_in: dict[str, str] = {}
    last_in: dict[str, str] = {}
    rows = {row["sha256"]: row for row in kept if row["status"] != "public"}
    compromised = {row["sha256"] for row in kept if row["status"] == "compromised"}
    for version, roots in releases.items():
        # One that was away for a while is there since it came back.
        first_in = {root.sha256: first_in.get(root.sha256, version) for root in roots}
        last_in |= {root.sha256: version for root in roots}
        for root in roots:
            if root.sha256 not in compromised:
                rows[root.sha256] = _row(root, first_in[root.sha256], last_in[root.sha256], newest)
    return sorted(rows.values(), key=lambda row: (_RANK[row["status"]], row["sha256"]))


def _row(root: Certificate, since: str, last: str, newest: str) -> dict[str, str]:
    status, reason = (
        "removed",
        f"once a public root, since removed from the Mozilla list (last in certifi {last})",
    )
    if last == newest:
        status, reason = "public", f"in the Mozilla list (certifi {newest})"
    values = (root.sha256, root.spki_sha256, status, reason, root.subject, since)
    return dict(zip(_FIELDS, values, strict=True))


if __name__ == "__main__":
    main(newer="--newer" in sys.argv[1:])
