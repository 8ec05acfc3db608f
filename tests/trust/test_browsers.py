"""The packages of browsers, by handshakes of Debian's Chromium and Firefox, in a copy of this machine."""

import base64
import hashlib
import json
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from builder.prove.clients import Programs
from builder.prove.sandbox import Sandbox, open_sandbox
from tests.crossed import crossed
from tests.repositories.chromium import started
from tests.tools import require, require_mounts
from tests.trust.browsers import Servers, chromium, firefox, serving
from tests.trust.world import World, build, open_world

_MANAGED = "/etc/chromium/policies/managed"
# dpkg takes a folder away that is empty and nobody's, as Debian's /etc/opt is: that one is not looked at.
_LEFT = ["sh", "-c", "find /etc ! -path /etc/opt | sort"]


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with open_world(Programs()) as opened:
        yield opened


@pytest.fixture(scope="module")
def servers(world: World) -> Iterator[Servers]:
    with serving(world, {"public": world.public}) as opened:
        yield opened


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    require("chromium")
    require_mounts()
    with open_sandbox(Path("/")) as opened:
        yield opened


def _install(sandbox: Sandbox, package: Path) -> None:
    sandbox.copy_in(f"/root/{package.name}", package.read_bytes())
    sandbox.run(["dpkg", "--install", f"/root/{package.name}"])


def _deb(world: World, out: Path, slug: str, version: str, *names: str, bad: tuple[str, ...] = ()) -> Path:
    trusted, distrusted = ([getattr(world, name) for name in each] for each in (names, bad))
    return build(out, slug, trusted, version, target="browsers-deb", distrusted=distrusted)


def test_chromium_trusts_what_the_packages_say(
    world: World, servers: Servers, sandbox: Sandbox, tmp_path: Path
) -> None:
    """Of organisations side by side, in either order of their names: upgraded, distrusting, and removed."""
    before = sandbox.run(_LEFT).out
    assert chromium(servers, sandbox) == set()
    _install(sandbox, _deb(world, tmp_path, "acme", "1", "kept", "old"))
    assert chromium(servers, sandbox) == {"kept", "old"}
    # One whose file comes before acme's, and one whose file comes behind it.
    _install(sandbox, _deb(world, tmp_path, "able", "1", "beta"))
    _install(sandbox, _deb(world, tmp_path, "zeta", "1", "public", "kept"))
    assert chromium(servers, sandbox) == {"kept", "old", "beta", "public"}
    _install(sandbox, _deb(world, tmp_path, "acme", "2", "kept", "new"))
    assert chromium(servers, sandbox) == {"kept", "new", "beta", "public"}
    _install(sandbox, _deb(world, tmp_path, "acme", "3", "kept", bad=("new", "beta")))
    _install(sandbox, _deb(world, tmp_path, "zeta", "2", "kept", bad=("public",)))
    assert chromium(servers, sandbox) == {"kept"}
    sandbox.run(["dpkg", "--remove", "acme-ca-browsers"])
    assert chromium(servers, sandbox) == {"kept", "beta"}
    sandbox.run(["dpkg", "--remove", "able-ca-browsers", "zeta-ca-browsers"])
    assert chromium(servers, sandbox) == set()
    assert sandbox.run(_LEFT).out == before
    assert "ca-browsers" not in sandbox.run(["dpkg-query", "--list"]).out


def test_chromium_keeps_what_an_administrator_says(
    world: World, servers: Servers, sandbox: Sandbox, tmp_path: Path
) -> None:
    """Another policy, and CAs in a file without a word of merging; and what it distrusts, it goes on to."""
    public, kept = (_base64(one.pem) for one in (world.public, world.kept))
    sandbox.copy_in(f"{_MANAGED}/aaa.json", json.dumps({"CACertificates": [public]}).encode())
    assert chromium(servers, sandbox) == {"public"}
    _install(sandbox, _deb(world, tmp_path, "acme", "1", "kept", "old"))
    assert chromium(servers, sandbox) == {"public", "kept", "old"}
    sandbox.copy_in(f"{_MANAGED}/zzz.json", json.dumps({"CADistrustedCertificates": [kept]}).encode())
    assert chromium(servers, sandbox) == {"public", "old"}


def _base64(pem: bytes) -> str:
    return base64.b64encode(ssl.PEM_cert_to_DER_cert(pem.decode())).decode()


def _sha256(pem: bytes) -> str:
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem.decode())).hexdigest()


def test_an_administrators_list_of_what_merges_counts_alone(
    world: World, servers: Servers, sandbox: Sandbox, tmp_path: Path
) -> None:
    """In a file behind ours: it has to name our policies, or of two files with CAs one is ignored."""
    public = _base64(world.public.pem)
    _install(sandbox, _deb(world, tmp_path, "acme", "1", "kept", "old"))
    listed = {"PolicyListMultipleSourceMergeList": ["ExtensionInstallForcelist"]}
    sandbox.copy_in(f"{_MANAGED}/zzz.json", json.dumps(listed).encode())
    assert chromium(servers, sandbox) == {"kept", "old"}
    sandbox.copy_in(f"{_MANAGED}/zzz.json", json.dumps({**listed, "CACertificates": [public]}).encode())
    assert chromium(servers, sandbox) == {"public"}
    named = {"PolicyListMultipleSourceMergeList": ["CACertificates", "ExtensionInstallForcelist"]}
    sandbox.copy_in(f"{_MANAGED}/zzz.json", json.dumps({**named, "CACertificates": [public]}).encode())
    assert chromium(servers, sandbox) == {"public", "kept", "old"}


_MANAGER = "chrome://certificate-manager/crscerts"
# The digest of every certificate that the page shows, whatever shadow it stands in.
_SHOWN = """
(async () => {
  const all = function* (root) {
    for (const one of root.querySelectorAll('*')) {
      yield one
      if (one.shadowRoot) yield* all(one.shadowRoot)
    }
  }
  const found = []
  for (let turn = 0; turn < 100 && found.length < 1; turn++) {
    await new Promise((resolve) => setTimeout(resolve, 100))
    for (const one of all(document)) {
      if (one.tagName === 'CERTIFICATE-ENTRY') found.push(one.sha256hashHex.toLowerCase())
    }
  }
  return found
})()
"""


def test_chromiums_own_roots_stay(world: World, sandbox: Sandbox, tmp_path: Path) -> None:
    """Its own page of certificates shows all that it showed before, and ours beside them."""

    def shown() -> frozenset[str]:
        profile = Path("/root/manager")
        with started(profile, sandbox) as browser:
            return frozenset(browser.page(_MANAGER).evaluate(_SHOWN))

    before = shown()
    assert len(before) > 100
    _install(sandbox, _deb(world, tmp_path, "acme", "1", "kept", "old"))
    assert shown() == before | {_sha256(one.pem) for one in (world.kept, world.old)}


_POLICIES = "/etc/firefox/policies/policies.json"


def test_firefox_follows_the_systems_store_by_the_example(
    world: World, servers: Servers, sandbox: Sandbox, tmp_path: Path
) -> None:
    """Accepted with the deb of the CAs, as its upgrade says, refused after its removal: in one profile.

    Two organisations' debs beside each other are, too.
    """
    require("firefox-esr")
    _install(sandbox, _deb(world, tmp_path, "acme", "1", "kept", "old"))
    assert firefox(servers, sandbox) == set()
    architecture = sandbox.run(["dpkg", "--print-architecture"]).out.strip()
    example = f"/usr/share/doc/acme-ca-browsers/examples/firefox-policies-{architecture}.json"
    sandbox.run(["install", "-D", "-m", "644", example, _POLICIES])
    assert firefox(servers, sandbox) == set()
    for version, names in (("1", ("kept", "old")), ("2", ("kept", "new"))):
        trusted = [getattr(world, name) for name in names]
        _install(sandbox, build(tmp_path, "acme", trusted, version, target="deb"))
        assert firefox(servers, sandbox) == {*names}
    _install(sandbox, build(tmp_path, "able", [world.kept, world.beta], "1", target="deb"))
    assert firefox(servers, sandbox) == {"kept", "new", "beta"}
    sandbox.run(["dpkg", "--remove", "acme-ca-certs"])
    assert firefox(servers, sandbox) == {"kept", "beta"}
    sandbox.run(["dpkg", "--remove", "able-ca-certs"])
    assert firefox(servers, sandbox) == set()
    sandbox.run(["dpkg", "--remove", "acme-ca-browsers"])
    assert sandbox.run(["cat", _POLICIES]).out.startswith("{")


def test_chromium_trusts_an_intermediate_alone_and_distrusts_by_the_key(
    world: World, servers: Servers, sandbox: Sandbox
) -> None:
    """Its root need not be there; what has a distrusted CA's key is distrusted, whoever has issued it."""
    variant = crossed(world.kept, by=world.beta)
    trusting = {"CACertificates": [_base64(variant.pem)]}
    sandbox.copy_in(f"{_MANAGED}/one.json", json.dumps(trusting).encode())
    assert chromium(servers, sandbox) == {"kept"}
    distrusting = {"CADistrustedCertificates": [_base64(world.kept.pem)]}
    sandbox.copy_in(f"{_MANAGED}/two.json", json.dumps(distrusting).encode())
    assert chromium(servers, sandbox) == set()
