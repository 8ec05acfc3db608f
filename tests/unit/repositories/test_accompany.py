"""Documents come to a site with their release, go with it, and have envelopes by keys that the site has."""

from __future__ import annotations

import datetime as dt
import shutil
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from builder.config import minimal, organisation
from builder.errors import OutputError
from builder.prove.authority import create
from builder.provenance import statement as statements
from builder.provenance.seal import Seal
from builder.release import documents
from builder.release import folder as folders
from builder.release.documents import ReleaseDocument
from builder.repositories import check, publish, site
from builder.repositories.publish import Order
from builder.signing import dsse, finished, site_verifier
from tests import releases, site_keys
from tests.unit.provenance.stated import statement

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from builder.repositories.state import PublishedDocument
    from builder.signing.keyring import Keyring

NOW = 1_796_000_000
KEYS = replace(site_keys.keyring(1), organisation="acme")


def order(folder: Path, keys: Keyring | None = KEYS, *, now: int = NOW, keep: int | None = None) -> Order:
    """Return an order for the site in `folder`."""
    return Order(
        folder=folder / "site",
        organisation=organisation(minimal("acme", ["roots.pem"])),
        url="https://packages.acme.example",
        now=now,
        valid=60,
        keep=keep,
        architectures=("x86_64",),
        keys=keys,
    )


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Return three releases with notes and a sealed statement each."""
    folder = tmp_path_factory.mktemp("releases")
    authority = create("Acme Root", now=dt.datetime.now(dt.UTC))
    found = []
    for number in (1, 2, 3):
        releases.build(folder / str(number), "acme", [authority], target="pem", release=f"2026.{number}")
        found.append(folder / str(number) / "dist")
        notes = ReleaseDocument(f"acme-2026.{number}.notes.md", "notes", f"of {number}\n".encode())
        attach(found[-1], notes)
    return found


def attach(dist: Path, *made: ReleaseDocument) -> None:
    """Give a release documents and a statement about it, and sign them."""
    with folders.claimed(dist) as claim:
        manifest = documents.required(claim)
        about = statements.about(statement(), documents.described(manifest, made))
        name = f"acme-{manifest.release}.intoto.json"
        documents.attach(claim, [*made, ReleaseDocument(name, "statement", statements.encode(about))])
    finished.sign(dist, KEYS, told=Seal(dist, KEYS))


def published(folder: Path, keys: Keyring | None = KEYS) -> dict[str, dict[str, PublishedDocument]]:
    """Return what the site says of each release's documents, by their kinds."""
    found = site.read(folder / "site", keys)
    assert found
    return {one.release: {each.kind: each for each in one.documents} for one in found.state.releases}


def problems(folder: Path, keys: Keyring | None = KEYS) -> list[tuple[str, str]]:
    """Return what `repo check` tells of the site."""
    verifier = site_verifier.of_keyring(keys) if keys else None
    found = check.check(folder / "site", keys, verifier, scratch=folder)
    return [(one.path, one.problem) for one in found.problems] + [
        (one, "is not its own") for one in found.others
    ]


def test_documents_come_with_their_release(tmp_path: Path, built: list[Path]) -> None:
    """In the site's list, and on its page; the public keys for statements are beside them."""
    publish.build(order(tmp_path), built[:2])
    found, root = published(tmp_path), tmp_path / "site"
    assert {"notes", "statement", "envelope"} == {*found["2026.1"]}
    for dist in built[:2]:
        for path in dist.glob("acme-*.*"):
            if path.suffix in {".json", ".md"}:
                (there,) = root.glob(f"trustpack/documents/*/{path.name}")
                assert there.read_bytes() == path.read_bytes()
    page = (root / "index.html").read_text("utf-8")
    assert f'<a href="{found["2026.2"]["notes"].path}">notes</a>' in page
    assert f'<a href="{found["2026.2"]["envelope"].path}">signed statement</a>' in page
    assert found["2026.2"]["statement"].path not in page
    for name, pem in KEYS.statement_keys.items():
        assert (root / name).read_bytes() == pem
        assert f'href="{name}"' in page
    assert problems(tmp_path) == []
    assert publish.build(order(tmp_path, now=NOW + 60), built[:2]).written == ()


def test_documents_go_with_their_release(tmp_path: Path, built: list[Path]) -> None:
    """And a withdrawn one's are on the page no more."""
    publish.build(order(tmp_path), built)
    before = published(tmp_path)
    publish.retire(order(tmp_path, now=NOW + 60), "2026.2", "compromised")
    page = (tmp_path / "site/index.html").read_text("utf-8")
    assert before["2026.2"]["notes"].path not in page
    assert before["2026.3"]["notes"].path in page
    for later in range(2, 6):  # what is replaced stays for a while, for who is in the middle of a copy
        publish.build(order(tmp_path, now=NOW + later * 60, keep=2), built[2:])
        publish.refresh(order(tmp_path, now=NOW + later * 60 + 30))
    assert {*published(tmp_path)} == {"2026.2", "2026.3"}
    assert not (tmp_path / "site" / before["2026.1"]["notes"].path).exists()
    assert problems(tmp_path) == []


def test_other_documents_take_the_place_of_a_releases(tmp_path: Path, built: list[Path]) -> None:
    """Whether they come later or anew; a release that comes without any keeps those that it has."""
    dist = tmp_path / "dist"
    shutil.copytree(built[0], dist)
    with folders.claimed(dist) as claim:
        documents.attach(claim, (), dropped={"notes", "statement", "envelope"})
    publish.build(order(tmp_path), [dist])
    assert published(tmp_path) == {"2026.1": {}}
    publish.build(order(tmp_path, now=NOW + 60), built[:1])
    before = published(tmp_path)["2026.1"]
    attach(dist, ReleaseDocument("acme-2026.1.notes.md", "notes", b"others\n"))
    publish.build(order(tmp_path, now=NOW + 120), [dist])
    after = published(tmp_path)["2026.1"]
    assert (tmp_path / "site" / after["notes"].path).read_bytes() == b"others\n"
    assert before["notes"].path != after["notes"].path
    with folders.claimed(dist) as claim:
        documents.attach(claim, (), dropped={"notes", "statement", "envelope"})
    publish.build(order(tmp_path, now=NOW + 180), [dist])
    assert published(tmp_path)["2026.1"] == after
    assert problems(tmp_path) == []


def test_an_envelope_by_keys_that_are_gone_is_sealed_anew(tmp_path: Path, built: list[Path]) -> None:
    """What it says stays the same; while both generations sign, the old one counts."""
    publish.build(order(tmp_path), built[:1])
    before = published(tmp_path)["2026.1"]["envelope"]
    text = dsse.read((tmp_path / "site" / before.path).read_bytes(), "it").payload
    rotating = site_keys.keyring(2, 1, published=(3,))
    publish.refresh(order(tmp_path, rotating, now=NOW + 60))
    assert published(tmp_path, rotating)["2026.1"]["envelope"] == before
    assert problems(tmp_path, rotating) == []
    alone = replace(site_keys.keyring(2, published=(3,)), past=(site_keys.keyring(1).published[0].openpgp,))
    publish.refresh(order(tmp_path, alone, now=NOW + 120))
    after = published(tmp_path, alone)["2026.1"]["envelope"]
    data = (tmp_path / "site" / after.path).read_bytes()
    assert dsse.opened(data, dsse.known(alone.statement_keys.values()), "it") == text
    assert before.path != after.path
    assert problems(tmp_path, alone) == []


def test_a_release_whose_envelope_is_older_than_the_keys_comes_sealed_anew(
    tmp_path: Path, built: list[Path]
) -> None:
    """The old one never gets to the site."""
    keys = site_keys.keyring(2, published=(3,))
    publish.build(order(tmp_path, keys), built[:1])
    found = published(tmp_path, keys)["2026.1"]["envelope"]
    assert found.signers == (keys.statement_signers[0].fingerprint,)
    assert 1 == len([*(tmp_path / "site/trustpack/documents").glob("*/*.dsse.json")])
    assert problems(tmp_path, keys) == []


def _changed(data: bytes) -> bytes:
    return data[:-10] + bytes([data[-10] ^ 1]) + data[-9:]


@pytest.mark.parametrize("change", [_changed, lambda _: b"", None])
def test_a_document_that_was_changed_does_not_come(
    tmp_path: Path, built: list[Path], change: Callable[[bytes], bytes] | None
) -> None:
    """Nor the release."""
    dist = tmp_path / "dist"
    shutil.copytree(built[0], dist)
    path = dist / "acme-2026.1.intoto.dsse.json"
    if change:
        path.write_bytes(change(path.read_bytes()))
    else:
        path.unlink()
    with pytest.raises(OutputError, match=r"acme-2026\.1\.intoto\.dsse\.json: "):
        publish.build(order(tmp_path), [dist])
    assert not (tmp_path / "site").exists()


def test_an_unsigned_site_has_documents_too(tmp_path: Path, built: list[Path]) -> None:
    """Their envelopes are signed all the same, and stay so when the site is signed."""
    publish.build(order(tmp_path, None), built[:1])
    before = published(tmp_path, None)
    assert problems(tmp_path, None) == []
    publish.sign(order(tmp_path, now=NOW + 60))
    assert published(tmp_path) == before
    assert problems(tmp_path) == []


def test_a_flipped_byte_of_a_document_is_found(tmp_path: Path, built: list[Path]) -> None:
    """And the file is named."""
    publish.build(order(tmp_path), built[:1])
    for document in published(tmp_path)["2026.1"].values():
        path = tmp_path / "site" / document.path
        good = path.read_bytes()
        path.write_bytes(bytes([good[0] ^ 1]) + good[1:])
        assert [document.path] == [one for one, _ in problems(tmp_path)]
        path.write_bytes(good)
