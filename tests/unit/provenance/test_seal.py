"""A release's statement is sealed when its packages are signed: about the files as they are then."""

import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from builder import formats
from builder.errors import OutputError
from builder.provenance import sbom
from builder.provenance import statement as statements
from builder.provenance.seal import Seal, document
from builder.release import documents
from builder.release import folder as folders
from builder.release.documents import ReleaseDocument
from builder.release.manifest import Manifest, read_manifest
from builder.signing import dsse, finished, site_keys
from builder.signing.keyring import Keyring
from tests import site_keys as made
from tests.unit import artifacts
from tests.unit.formats.packages import SYSTEM, package
from tests.unit.provenance.stated import statement

ENVELOPE = "acme-1.intoto.dsse.json"


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    """Return the folder of a release of two packages, with its documents."""
    found = [
        artifacts.artifact(name, formats.write(package(kind, *SYSTEM)), target=kind)
        for name, kind in {"a.rpm": "rpm", "a.deb": "deb"}.items()
    ]
    folder = tmp_path / "dist"
    with folders.claimed(folder) as claim:
        folders.write(claim, found, artifacts.describe(*found))
    with folders.claimed(folder) as claim:
        manifest = documents.required(claim)
        bill = ReleaseDocument("acme-1.cdx.json", "sbom", sbom.make(manifest, "1.7"))
        about = statements.about(statement(), documents.described(manifest, [bill]))
        told = ReleaseDocument("acme-1.intoto.json", "statement", statements.encode(about))
        documents.attach(claim, [bill, told])
    return folder


def sign(dist: Path, ring: Keyring | None = None) -> Manifest:
    """Sign the release, and return its manifest."""
    ring = ring or replace(made.keyring(1), organisation="acme")
    finished.sign(dist, ring, told=Seal(dist, ring))
    after = read_manifest(dist)
    assert after
    return after


def contents(folder: Path) -> dict[str, bytes]:
    """Return every file of a folder."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_envelope_is_about_the_signed_files(dist: Path) -> None:
    """So is the bill of materials; what a package was before it was signed is told, too."""
    before = read_manifest(dist)
    after = sign(dist)
    publics = dsse.known(made.keyring(1).statement_keys.values())
    text = dsse.opened((dist / ENVELOPE).read_bytes(), publics, "it")
    assert text == (dist / "acme-1.intoto.json").read_bytes()
    found = statements.decode(text, "it")
    assert before
    rpm, deb = after.artifacts
    assert found.subject == (
        statements.stated("a.rpm", rpm.sha256, before.artifacts[0].sha256),
        statements.stated("a.deb", deb.sha256),
    )
    assert rpm.sha256 != before.artifacts[0].sha256
    bill = document(after, "sbom")
    assert bill
    assert found.predicate.run_details.byproducts == (statements.stated(bill.file, bill.sha256),)
    assert documents.read(dist, bill) == sbom.make(after, "1.7")
    assert f'"{rpm.sha256}"'.encode() in documents.read(dist, bill)
    assert [one.kind for one in after.documents] == ["sbom", "envelope", "statement"]


def test_signing_again_gives_the_same_bytes(dist: Path) -> None:
    """By keys in a folder, too."""
    sign(dist)
    before = contents(dist)
    sign(dist)
    assert before == contents(dist)


@pytest.mark.parametrize("changed", ["a.rpm", "acme-1.intoto.json", "acme-1.cdx.json"])
def test_a_run_that_was_ended_is_repeated(dist: Path, changed: str) -> None:
    """A file that it has written, and not yet described, is in nobody's way."""
    unsigned = contents(dist)
    sign(dist)
    signed = contents(dist)
    for name in signed:
        (dist / name).unlink()
    for name, data in (unsigned | {changed: signed[changed]}).items():
        (dist / name).write_bytes(data)
    sign(dist)
    assert contents(dist) == signed


def test_a_statement_that_was_changed_is_not_signed(dist: Path) -> None:
    """And neither is anything else."""
    path = dist / "acme-1.intoto.json"
    for old, new in (("urn:x", "urn:y"), ("urn:x", "urn:x "), ("{", "[")):
        good = path.read_bytes()
        path.write_bytes(good.replace(old.encode(), new.encode(), 1))
        before = contents(dist)
        with pytest.raises(OutputError, match=r"acme-1\.intoto\.json: is no"):
            sign(dist)
        assert before == contents(dist)
        path.write_bytes(good)


def test_without_a_key_for_statements_there_is_no_envelope(dist: Path) -> None:
    """The statement is about the signed files all the same, and an envelope that was there is not kept."""
    sign(dist)
    older = replace(made.keyring(1), organisation="acme", statement_signers=())
    after = sign(dist, older)
    assert [one.kind for one in after.documents] == ["sbom", "statement"]
    assert not (dist / ENVELOPE).exists()
    assert after.artifacts[0].sha256 in (dist / "acme-1.intoto.json").read_text()


def test_keys_of_a_program_seal_it(dist: Path, tmp_path: Path) -> None:
    """With RSA; the envelope names that key."""
    (apk,) = made.keyring(1).apk_signers
    public = dsse.known([apk.public])
    ring = site_keys.read(made.folder(tmp_path / "keys"))
    (fingerprint,) = public
    by_rsa = replace(ring.statement_signers[0], public=apk.public, fingerprint=fingerprint, raw=apk.raw)
    sign(dist, replace(ring, statement_signers=(by_rsa,)))
    assert json.loads((dist / ENVELOPE).read_text())["signatures"][0]["keyid"] == fingerprint
    assert dsse.opened((dist / ENVELOPE).read_bytes(), public, "it")


def test_a_release_without_a_statement_is_signed_as_ever(tmp_path: Path) -> None:
    """Its manifest has no documents."""
    found = artifacts.artifact("a.rpm", formats.write(package("rpm", *SYSTEM)), target="rpm")
    with folders.claimed(tmp_path / "dist") as claim:
        folders.write(claim, [found], artifacts.describe(found))
    assert sign(tmp_path / "dist").documents == ()
