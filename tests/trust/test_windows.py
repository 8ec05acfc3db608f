"""Windows' stores under Wine, which stands in for Windows: installers, .reg files, a client of crypt32's."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from builder.prove.authority import Authority, Leaf, create, issue
from builder.prove.server import serve
from tests import releases
from tests.packages.built import trustpack
from tests.trust.wine import Wine, started

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.long

_NOW = dt.datetime.now(dt.UTC)
_PAST = (_NOW - dt.timedelta(days=2), _NOW - dt.timedelta(days=1))
_NOTES = r"SOFTWARE\trustpack"
_STORES = r"SOFTWARE\Microsoft\SystemCertificates"


@dataclass(frozen=True)
class World:
    """A Windows of Wine's, CAs by their names, and what the client is to ask of servers under them."""

    wine: Wine
    authorities: dict[str, Authority]
    asked: dict[str, str]
    folder: Path

    def accepted(self) -> set[str]:
        """Return the names of the servers that the client accepts."""
        found = self.wine.accepted([*self.asked.values()])
        return {name for name, word in self.asked.items() if word in found}

    def built(
        self, slug: str, release: str, *names: str, target: str = "msi", distrusted: str = ""
    ) -> list[str]:
        """Build a release with some CAs, and one distrusted; return its files as Windows names them."""
        folder = self.folder / f"{target}-{slug}-{release}"
        trusted = [self.authorities[name] for name in names]
        blocked = [self.authorities[distrusted]] if distrusted else []
        files = releases.build(folder, slug, trusted, target=target, release=release, distrusted=blocked)
        return [_windows_path(file) for file in files]

    def install(self, installer: str, *, code: int = 0) -> None:
        """Install as an administrator does."""
        self.wine.run("msiexec", "/i", installer, "/qn", code=code)

    def remove(self, installer: str) -> None:
        """Remove what an installer has installed."""
        self.wine.run("msiexec", "/x", installer, "/qn")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Start Wine, and a server under each CA."""
    folder = tmp_path_factory.mktemp("windows")
    authorities = {name: create(f"Acme {name}", now=_NOW) for name in ("Kept", "Gone", "Other", "Stranger")}
    with contextlib.ExitStack() as stack:
        asked = {}
        for name, authority in authorities.items():
            port = stack.enter_context(serve(issue(authority, ["localhost"], now=_NOW)))
            asked[name] = f"localhost@127.0.0.1:{port}"
        expired = stack.enter_context(serve(issue(authorities["Kept"], ["localhost"], now=_NOW, valid=_PAST)))
        asked["expired"] = f"localhost@127.0.0.1:{expired}"
        asked["wrong name"] = asked["Kept"].replace("localhost@", "other.example@")
        made = World(stack.enter_context(started(folder)), authorities, asked, folder)
        assert made.accepted() == set()  # the first question makes Wine's stores
        yield made


def test_an_installer_installs_upgrades_and_removes(world: World) -> None:
    """What the next release dropped goes with the upgrade, and removing it leaves nothing behind."""
    (first,), (second,) = world.built("acme", "1", "Kept", "Gone"), world.built("acme", "2", "Kept")
    assert world.accepted() == set()
    before = world.wine.values(_STORES)
    world.install(first)
    assert world.accepted() == {"Kept", "Gone"}
    world.install(second)
    assert world.accepted() == {"Kept"}
    world.remove(second)
    assert world.accepted() == set()
    assert (world.wine.values(_STORES), world.wine.values(_NOTES)) == (before, "")


def test_an_older_release_is_not_installed_over_a_newer_one(world: World) -> None:
    """Not after an upgrade: Wine, unlike Windows, forgets then what the products have in common."""
    (older,), (newer,) = world.built("beta", "1", "Kept", "Gone"), world.built("beta", "2", "Kept")
    world.install(newer)
    world.install(older, code=1603 & 0xFF)  # ERROR_INSTALL_FAILURE, as far as a status has room
    assert world.accepted() == {"Kept"}
    world.remove(newer)
    assert world.accepted() == set()


def test_an_installer_of_another_organisation_keeps_what_both_have(world: World) -> None:
    """Windows counts the installers of a certificate, and removes it with the last."""
    (one,), (two,) = world.built("acme", "3", "Kept", "Gone"), world.built("beta", "3", "Kept", "Other")
    world.install(one)
    world.install(two)
    assert world.accepted() == {"Kept", "Gone", "Other"}
    world.remove(one)
    assert world.accepted() == {"Kept", "Other"}
    world.remove(two)
    assert world.accepted() == set()


def test_an_installer_leaves_alone_what_was_there_before(world: World) -> None:
    """A root that somebody else had added stays when the installer goes, as it was."""
    *_, removal, registry = world.built("beta", "4", "Kept", target="windows")
    (installer,) = world.built("acme", "4", "Kept", "Gone")
    world.wine.run("regedit", "/S", registry)
    before = world.wine.values(_STORES + r"\Root")
    world.install(installer)
    assert world.accepted() == {"Kept", "Gone"}
    world.remove(installer)
    assert (world.accepted(), world.wine.values(_STORES + r"\Root")) == ({"Kept"}, before)
    world.wine.run("regedit", "/S", removal)
    assert world.accepted() == set()


def test_registration_entries_add_and_remove(world: World) -> None:
    """The file that removes takes away what the other one has added, and nothing else."""
    *_, removal, registry = world.built("acme", "5", "Kept", "Gone", target="windows")
    before = world.wine.values(_STORES + r"\Root")
    world.wine.run("regedit", "/S", registry)
    assert world.accepted() == {"Kept", "Gone"}
    world.wine.run("regedit", "/S", removal)
    assert (world.accepted(), world.wine.values(_STORES + r"\Root")) == (set(), before)


def test_registration_entries_have_the_mark_that_regedit_goes_by(world: World) -> None:
    """By nothing else it takes the file for UTF-16: without the mark nothing is set, and nothing is said."""
    *_, registry = world.built("acme", "8", "Kept", target="windows")
    file = world.folder / "windows-acme-8" / "dist" / registry.rpartition("\\")[2]
    unmarked = file.with_name("unmarked.reg")
    unmarked.write_bytes(file.read_bytes().removeprefix(b"\xff\xfe"))
    assert unmarked.stat().st_size == file.stat().st_size - 2
    before = world.wine.values(_STORES + r"\Root")
    world.wine.run("regedit", "/S", _windows_path(unmarked))
    assert world.wine.values(_STORES + r"\Root") == before


def test_a_distrusted_ca_is_blocked_while_the_installer_is_there(world: World) -> None:
    """It is in the store Disallowed, which Wine keeps and Windows alone obeys."""
    (installer,) = world.built("acme", "6", "Kept", distrusted="Gone")
    before = world.wine.values(_STORES)
    key = rf"{_STORES}\Disallowed\Certificates\{_thumbprint(world.authorities['Gone'])}"
    assert world.wine.values(key) == ""
    world.install(installer)
    assert (world.accepted(), "Blob" in world.wine.values(key)) == ({"Kept"}, True)
    world.remove(installer)
    assert (world.accepted(), world.wine.values(_STORES)) == (set(), before)


def test_an_intermediate_helps_to_find_the_root_and_is_none(world: World) -> None:
    """A server that sends its own certificate alone is accepted with both, and refused with either."""
    root = create("Acme Above", now=_NOW)
    below = create("Acme Below", now=_NOW)
    crossed = _issued(below, root)
    leaf = issue(below, ["localhost"], now=_NOW)
    alone = Leaf(leaf.chain.split(_END)[0] + _END, leaf.key)
    with serve(alone) as port:
        word = f"localhost@127.0.0.1:{port}"
        for names, accepted in (((root.pem, crossed), {word}), ((crossed,), set()), ((root.pem,), set())):
            installer = _kept(
                world.folder / f"{len(names)}-{bool(accepted)}-{names[0] == crossed}", b"".join(names)
            )
            assert world.wine.accepted([word]) == set()
            world.install(installer)
            assert world.wine.accepted([word]) == accepted
            world.remove(installer)


_HOSTILE = '日本 😀 "O\'Neil" [x] {y} & Söhne; %s \\'


def test_the_list_of_programs_shows_whose_it_is(world: World) -> None:
    """In any letters, whatever they would mean to Windows Installer."""
    folder = world.folder / "hostile"
    folder.mkdir()
    (folder / "roots.pem").write_bytes(world.authorities["Kept"].pem)
    organisation = {"slug": "acme", "name": _HOSTILE, "contact": "Ünï <a@b.example>"}
    config = {"organisation": organisation, "bundle": {"paths": ["roots.pem"]}, "release": "20261124.1"}
    (folder / "trustpack.yaml").write_text(json.dumps(config, ensure_ascii=False), "utf-8")
    words = ("--target", "msi", "--out", folder / "dist", "--quiet")
    trustpack("build", "--config", folder / "trustpack.yaml", *words)
    installer = _windows_path(folder / "dist" / "acme-ca-certs-20261124.1.msi")
    world.install(installer)
    exported = folder / "programs.reg"
    key = r"HKLM\Software\Microsoft\Windows\CurrentVersion\Uninstall"
    world.wine.run("reg", "export", key, _windows_path(exported), "/y", "/reg:64")
    found = dict(re.findall(r'^"(\w+)"="(.*)"$', exported.read_text("utf-16"), re.MULTILINE))
    told = {
        name: re.sub(r"\\(.)", r"\1", found[name])
        for name in ("Contact", "DisplayName", "DisplayVersion", "Publisher")
    }
    assert told == {
        "Contact": "Ünï <a@b.example>",
        "DisplayName": f"{_HOSTILE} certificate authorities",
        "DisplayVersion": "26.11.2401",
        "Publisher": _HOSTILE,
    }
    world.remove(installer)


_END = b"-----END CERTIFICATE-----\n"


def _thumbprint(authority: Authority) -> str:
    return authority.certificate.fingerprint(hashes.SHA1()).hex().upper()  # noqa: S303  Windows' own name for it


def _issued(authority: Authority, issuer: Authority) -> bytes:
    """Return a certificate of one CA that another has issued."""
    own = authority.certificate
    names = issuer.certificate.subject, own.subject
    builder = x509.CertificateBuilder(*names, own.public_key())
    builder = builder.serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(own.not_valid_before_utc).not_valid_after(own.not_valid_after_utc)
    for extension in own.extensions:
        if not isinstance(extension.value, x509.AuthorityKeyIdentifier):
            builder = builder.add_extension(extension.value, critical=extension.critical)
    return builder.sign(issuer.key, hashes.SHA256()).public_bytes(Encoding.PEM)


def _kept(folder: Path, pem: bytes) -> str:
    """Build an installer of certificates, those that others have issued too; return its file."""
    folder.mkdir()
    (folder / "roots.pem").write_bytes(pem)
    words = ("build", folder / "roots.pem", "--org", "acme", "--target", "msi", "--intermediates", "keep")
    trustpack(*words, "--out", folder / "dist", "--quiet", "--release", "7")
    (file,) = (folder / "dist").glob("*.msi")
    return _windows_path(file)


def _windows_path(file: Path) -> str:
    return "Z:" + str(file).replace("/", "\\")
