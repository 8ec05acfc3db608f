"""What is built again, and what is not: by what the organisation gave, by what is there, and by the day."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING

import msgspec
import pytest

from builder.batch.record import RECORD
from builder.release.manifest import MANIFEST, SUMS, read_manifest, to_json
from tests.batch import folders
from tests.unit.batch.building import batch

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """Return a folder in which one organisation has been built."""
    folders.organisation(tmp_path / "orgs", "acme", "targets: [pem]\n")
    assert batch(tmp_path).rows["acme"].status == "built"
    return tmp_path


def _touch(folder: Path) -> None:
    (folder / "orgs/acme/roots.pem").touch()


def _comment(folder: Path) -> None:
    with (folder / "orgs/acme/trustpack.yaml").open("a") as file:
        file.write("# new\n")


def _other_product(folder: Path) -> None:
    path = folder / "out/acme" / RECORD
    path.write_text(path.read_text().replace('"key":"', '"key":"0'))


def _no_zone(folder: Path) -> None:
    path = folder / "out/acme" / RECORD
    path.write_text(path.read_text().replace('Z"', '"'))


def _sign(folder: Path) -> None:
    """Change a file and its manifest as signing does."""
    manifest = read_manifest(folder / "out/acme")
    assert manifest
    one = manifest.artifacts[0]
    data = (folder / "out/acme" / one.file).read_bytes() + b"signed"
    (folder / "out/acme" / one.file).write_bytes(data)
    signed = msgspec.structs.replace(one, sha256="0" * 64, size=len(data), unsigned=one.sha256)
    changed = msgspec.structs.replace(manifest, artifacts=(signed, *manifest.artifacts[1:]))
    (folder / "out/acme" / MANIFEST).write_bytes(to_json(changed))


def _cut(folder: Path) -> None:
    next((folder / "out/acme").glob("*.pem")).write_text("")


CHANGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "nothing": (lambda _: None, "skipped"),
    "only times": (_touch, "skipped"),
    "signed": (_sign, "skipped"),
    "a comment": (_comment, "built"),
    "a new file": (lambda folder: (folder / "orgs/acme/new").touch(), "built"),
    "no record": (lambda folder: (folder / "out/acme" / RECORD).unlink(), "built"),
    "a damaged record": (lambda folder: (folder / "out/acme" / RECORD).write_text("{"), "built"),
    "a record without a time zone": (_no_zone, "built"),
    "another product's record": (_other_product, "built"),
    "a package cut": (_cut, "built"),
    "no package": (lambda folder: next((folder / "out/acme").glob("*.pem")).unlink(), "built"),
    "no sums": (lambda folder: (folder / "out/acme" / SUMS).unlink(), "built"),
    "no manifest": (lambda folder: (folder / "out/acme" / MANIFEST).unlink(), "failed"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_is_built_again(built: Path, change: str) -> None:
    """And then it is what it was; without a manifest, what is there may be somebody else's."""
    before = folders.states(built / "out")
    make, status = CHANGES[change]
    make(built)
    assert batch(built).rows["acme"].status == status
    if change not in {"signed", "no manifest"}:
        assert folders.states(built / "out") == before


def test_other_options_are_other_packages(built: Path) -> None:
    """By another target it is built again, and what is there already stays."""
    assert batch(built, targets=["deb"]).rows["acme"].status == "built"
    found = read_manifest(built / "out/acme")
    assert found
    assert [one.target for one in found.artifacts] == ["deb", "pem"]


@pytest.mark.parametrize(("days", "status"), [(100, "skipped"), (200, "built"), (400, "failed")])
def test_what_is_judged_otherwise_today_is_looked_at_today(tmp_path: Path, days: int, status: str) -> None:
    """A CA that ends soon is warned of, and one that has ended is refused, though no file has changed."""
    folders.organisation(tmp_path / "orgs", "acme", "targets: [pem]\n", days=250)
    assert batch(tmp_path).rows["acme"].status == "built"
    before = folders.states(tmp_path / "out")
    now = dt.datetime.fromisoformat(folders.NOW) + dt.timedelta(days=days)
    row = batch(tmp_path, now=now).rows["acme"]
    assert row.status == status
    if days == 200:
        assert "expires on" in row.warnings[0]
    if status == "failed":
        assert "expired" in row.message
        assert folders.states(tmp_path / "out") == before


def test_an_override_ends_on_its_day(tmp_path: Path) -> None:
    """The record holds until the day after the one that the override names."""
    folders.organisation(tmp_path / "orgs", "acme", "targets: [pem]\n")
    batch(tmp_path)
    text = (tmp_path / "out/acme" / RECORD).read_text()
    far = json.loads(text)["until"]
    fingerprint = read_manifest(tmp_path / "out/acme")
    assert fingerprint
    with (tmp_path / "orgs/acme/trustpack.yaml").open("a") as file:
        file.write(
            f"lifecycle: {{authorities: {{{fingerprint.certificates[0].sha256}: {{state: retiring, "
            "until: 2027-02-01}}}\n"
        )
    batch(tmp_path)
    near = json.loads((tmp_path / "out/acme" / RECORD).read_text())["until"]
    assert near == "2027-01-02T00:00:00Z" < far


def test_what_has_vanished_is_told_and_stays(built: Path) -> None:
    """Nothing is removed for an organisation whose folder is gone."""
    (built / "orgs/acme").rename(built / "gone")
    report = batch(built)
    assert (report.vanished, report.failed) == (["acme"], False)
    assert "vanished: acme is in out and not in orgs; nothing of it is removed\n" in report.as_text()
    assert (built / "out/acme" / MANIFEST).exists()


def test_a_dry_run_writes_nothing(built: Path) -> None:
    """It says what would be built."""
    folders.organisation(built / "orgs", "other", "targets: [pem]\n")
    before = sorted(built.rglob("*"))
    report = batch(built, dry_run=True)
    assert report.as_text(dry_run=True) == (
        "would build other\n2 organisations: 1 to build, 1 skipped, 0 failed\n"
    )
    assert sorted(built.rglob("*")) == before
