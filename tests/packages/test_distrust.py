"""Distrusted CAs: blocked by the real p11-kit wherever they come from, taken out of Debian's store, listed.

The handshakes of clients that read a store made of files are in tests/trust.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from builder.prove import authority, clients, replica
from builder.prove.clients import Programs
from builder.prove.sandbox import Sandbox, open_sandbox
from builder.prove.server import serve
from builder.release import manifest as manifests
from tests import targets, verdicts
from tests.packages import readers
from tests.packages.built import fingerprints, run, trustpack
from tests.roots import root
from tests.tools import require

if TYPE_CHECKING:
    from collections.abc import Iterator

    from builder.prove.authority import Authority

_SOURCES = {
    "fedora": ("/etc/pki/ca-trust/source", "/usr/share/pki/ca-trust-source"),
    "opensuse": ("/etc/pki/trust", "/usr/share/pki/trust"),
}
_MODULE = "module: p11-kit-trust.so\ntrust-policy: yes\nx-init-reserved: paths='{}'\n"
_EXTRACT = ("trust", "extract", "--format=pem-bundle", "--filter=ca-anchors", "--purpose=server-auth")
_SINCE, _WHY = "2026-11-24", "https://tickets.acme.example/4711"
_SAID = f"since: {_SINCE}, evidence: {_WHY}"
_QUIET = {"DEBIAN_FRONTEND": "noninteractive"}


@dataclass(frozen=True)
class Releases:
    """A release with two CAs and one that distrusts the second: their folders, and the CAs' fingerprints."""

    first: Path
    second: Path
    kept: frozenset[str]
    gone: frozenset[str]
    cas: tuple[Authority, Authority]

    @property
    def pem(self) -> bytes:
        """The distrusted CA."""
        return self.cas[1].pem

    @contextlib.contextmanager
    def served(self) -> Iterator[list[str]]:
        """Serve a leaf of the kept CA and one of the distrusted one; yield their URLs."""
        now = dt.datetime.now(dt.UTC)
        with contextlib.ExitStack() as stack:
            leaves = [authority.issue(ca, ["localhost"], now=now) for ca in self.cas]
            yield [f"https://localhost:{stack.enter_context(serve(leaf))}/" for leaf in leaves]


@pytest.fixture(scope="module")
def releases(tmp_path_factory: pytest.TempPathFactory) -> Releases:
    """Build both releases for every target."""
    now = dt.datetime.now(dt.UTC)
    cas = (authority.create("Acme Kept", now=now), authority.create("Acme Gone", now=now))
    kept, gone = (ca.pem for ca in cas)
    folder = tmp_path_factory.mktemp("distrust")
    (folder / "roots.pem").write_bytes(kept + gone)
    (digest,) = fingerprints(gone)
    for version, state in ((1, "retiring"), (2, "distrusted")):
        (folder / "trustpack.yaml").write_text(
            f"organisation: {{slug: acme}}\nbundle: {{paths: [roots.pem]}}\nrelease: {version}\n"
            f"lifecycle: {{authorities: {{{digest}: {{state: {state}, {_SAID}}}}}}}\n"
        )
        config = ("--config", folder / "trustpack.yaml")
        trustpack("build", *config, "--out", folder / str(version), "--quiet", *targets.OPTIONS)
    return Releases(folder / "1", folder / "2", fingerprints(kept), fingerprints(gone), cas)


def _extracted(sandbox: Sandbox) -> frozenset[str]:
    sandbox.run(["rm", "-f", "/root/out.pem"])
    sandbox.run([*_EXTRACT, "/root/out.pem"])
    return fingerprints(sandbox.read("/root/out.pem"))


@pytest.mark.parametrize("system", _SOURCES)
def test_p11_kit_distrusts_a_ca_that_somebody_else_has_added(releases: Releases, system: str) -> None:
    """With the second release; without the package, the other's word counts again."""
    kept, gone = releases.kept, releases.gone
    with open_sandbox(root("trixie")) as sandbox:
        module = _MODULE.format(":".join(_SOURCES[system]))
        sandbox.copy_in("/etc/pkcs11/modules/p11-kit-trust.module", module.encode())
        sandbox.run(["mkdir", "-p", f"{_SOURCES[system][0]}/anchors"])
        sandbox.copy_in(f"{_SOURCES[system][0]}/anchors/somebody.crt", releases.pem)
        assert _extracted(sandbox) == gone
        for number, folder, expected in ((1, releases.first, kept | gone), (2, releases.second, kept)):
            sandbox.copy_in(
                f"/root/{number}.rpm", (folder / f"acme-ca-certs-{number}-1.noarch.rpm").read_bytes()
            )
            sandbox.run(["rpm", "--upgrade", "--nodeps", "--noscripts", f"/root/{number}.rpm"])
            assert _extracted(sandbox) == expected
        sandbox.run(["rpm", "--erase", "--noscripts", "acme-ca-certs"])
        assert _extracted(sandbox) == gone


def test_p11_kit_blocks_every_certificate_of_a_key(releases: Releases) -> None:
    """Hence lint's rule distrusted-key: blocking one certificate would take the renewed one out as well."""
    kept, gone = releases.cas
    renewed = authority.create("Acme Renewed", now=dt.datetime.now(dt.UTC), key=gone.key)
    with open_sandbox(root("trixie")) as sandbox:
        etc, usr = _SOURCES["fedora"]
        sandbox.copy_in("/etc/pkcs11/modules/p11-kit-trust.module", _MODULE.format(f"{etc}:{usr}").encode())
        sandbox.copy_in(f"{usr}/anchors/renewed.crt", renewed.pem)
        sandbox.copy_in(f"{usr}/anchors/kept.crt", kept.pem)
        sandbox.run(["mkdir", "-p", etc])
        assert _extracted(sandbox) == fingerprints(renewed.pem) | releases.kept
        sandbox.copy_in(f"{usr}/blocklist/gone.crt", gone.pem)
        assert _extracted(sandbox) == releases.kept


def test_the_rpm_blocks_by_a_file_in_each_blocklist(releases: Releases) -> None:
    """Of the distrusted CA, which is nowhere else in the package; the first release has none."""
    (digest,) = releases.gone
    for folder, number, expected in (
        (releases.first, 1, []),
        (releases.second, 2, ["ca-trust-source", "trust"]),
    ):
        package = readers.read("rpm", folder / f"acme-ca-certs-{number}-1.noarch.rpm")
        files = [entry.path for entry in package.entries if f"gone-{digest[:8]}" in entry.path]
        blocked = [path for path in files if "/blocklist/" in path]
        assert blocked == [
            f"/usr/share/pki/{tree}/blocklist/acme-acme-gone-{digest[:8]}.crt" for tree in expected
        ]
        assert bool(set(files) - set(blocked)) is (number == 1)


def test_debian_takes_out_the_packages_own_lines_only(releases: Releases) -> None:
    """What the administrator has added stays trusted, as the plan says, and other lines stay as they were."""
    kept, gone = releases.kept, releases.gone
    bundle, conf = "/etc/ssl/certs/ca-certificates.crt", "/etc/ca-certificates.conf"
    with open_sandbox(root("bookworm")) as sandbox:
        before, lines = fingerprints(sandbox.read(bundle)), sandbox.read(conf)
        for number, folder in ((1, releases.first), (2, releases.second)):
            sandbox.copy_in(f"/root/{number}.deb", (folder / f"acme-ca-certs_{number}_all.deb").read_bytes())
        sandbox.run(["dpkg", "--install", "/root/1.deb"], environment=_QUIET)
        assert fingerprints(sandbox.read(bundle)) == before | kept | gone
        sandbox.run(["dpkg", "--install", "/root/2.deb"], environment=_QUIET)
        assert fingerprints(sandbox.read(bundle)) == before | kept
        now = sandbox.read(conf)
        assert [line for line in now.splitlines() if not line.startswith(b"acme/acme-")] == lines.splitlines()
        assert b"gone" not in now
        sandbox.copy_in("/usr/local/share/ca-certificates/somebody.crt", releases.pem)
        sandbox.run(["update-ca-certificates"])
        assert fingerprints(sandbox.read(bundle)) == before | kept | gone
        sandbox.run(["dpkg", "--install", "/root/2.deb"], environment=_QUIET)
        assert fingerprints(sandbox.read(bundle)) == before | kept | gone


@pytest.mark.parametrize("tree", ["/usr/share/pki/ca-trust-source", "/usr/share/pki/trust"])
def test_gnutls_refuses_what_p11_kit_blocks(releases: Releases, tree: str) -> None:
    """In the handshake itself, whoever else has added the CA: wget and git ask p11-kit whom to trust.

    Fedora's GnuTLS does so by default, Debian's where it is told `pkcs11:`. Inside GnuTLS, Debian's p11-kit
    reads one path whatever its configuration says: it is made the folder that the rpm's systems read.
    """
    with open_sandbox(root("trixie")) as sandbox, releases.served() as urls:
        kept, gone = urls
        sandbox.copy_in("/etc/wgetrc", b"ca_certificate = pkcs11:\n")
        sandbox.copy_in("/etc/gitconfig", b"[http]\n\tsslCAInfo = pkcs11:\n")
        sandbox.run(["ln", "-sfn", tree, "/etc/ssl/certs/ca-certificates.crt"])
        sandbox.copy_in(f"{tree}/anchors/somebody.crt", releases.pem)
        asked = clients.equip(sandbox, Programs(), only=["wget", "git"])

        def accepted() -> dict[str, frozenset[str]]:
            return verdicts.accepted(sandbox, asked, urls)

        def each(*trusted: str) -> dict[str, frozenset[str]]:
            return dict.fromkeys(("wget", "git"), frozenset(trusted))

        assert accepted() == each(gone)
        for number, folder, trusted in ((1, releases.first, urls), (2, releases.second, [kept])):
            rpm = folder / f"acme-ca-certs-{number}-1.noarch.rpm"
            sandbox.copy_in(f"/root/{number}.rpm", rpm.read_bytes())
            sandbox.run(["rpm", "--upgrade", "--nodeps", "--noscripts", f"/root/{number}.rpm"])
            assert accepted() == each(*trusted)
        sandbox.run(["rpm", "--erase", "--noscripts", "acme-ca-certs"])
        assert accepted() == each(gone)


def _inspected(folder: Path) -> dict[str, dict[str, Any]]:
    found = json.loads(trustpack("inspect", folder, "--json"))
    return {Path(package["file"]).name: package for package in found["packages"]}


def _digests(listed: list[dict[str, str]]) -> set[str]:
    return {one["sha256"] for one in listed}


def test_every_package_lists_what_it_distrusts_apart_from_what_it_trusts(releases: Releases) -> None:
    """As the manifest does, and since when and why; a PEM file and a formula have no place for a list."""
    manifest = json.loads((releases.second / "manifest.json").read_text())
    assert _digests(manifest["certificates"]) == releases.kept
    assert [(one["sha256"], one["since"], one["evidence"]) for one in manifest["distrusted"]] == [
        (*releases.gone, _SINCE, _WHY)
    ]
    inspected = _inspected(releases.second)
    mute = {name for name, package in inspected.items() if package["distrusted"] is None}
    assert mute == _without_list("2") - _blocking("2")
    for artifact in manifest["artifacts"]:
        package = inspected[artifact["file"]]
        if package["distrusted"] is None:
            continue
        assert _digests(package["certificates"]) == releases.kept, artifact["file"]
        assert _digests(package["distrusted"]) == releases.gone, artifact["file"]
        entries = readers.read(artifact["target"], releases.second / artifact["file"]).entries
        if artifact["file"] in _without_list("2"):
            continue
        (data,) = [entry.data for entry in entries if entry.path.endswith("certificates.json")]
        listed = json.loads(data or b"")
        assert listed["certificates"] == manifest["certificates"]
        assert listed["distrusted"] == manifest["distrusted"]


def _without_list(release: str) -> set[str]:
    """Return the artifacts that have no place for a list of certificates, as their recipes say."""
    return {
        file
        for target in targets.ALL.values()
        for file in target.files(release=release)
        if not any(entry.content == "inventory" for entry in target.output(file).files)
    }


def _blocking(release: str) -> set[str]:
    """Return the artifacts that make Windows distrust, which themselves say which CAs."""
    files = [file for target in ("msi", "windows") for file in targets.ALL[target].files(release=release)]
    return {file for file in files if "-remove-" not in file}


def test_people_see_the_two_lists_apart(releases: Releases) -> None:
    """The rpm holds the distrusted CA in two blocklists and names it in its list: three files."""
    text = trustpack("inspect", releases.second / "acme-ca-certs-2-1.noarch.rpm")
    lines = [line.split() for line in text.splitlines()]
    tables = [(*words[:2], words[-1]) for words in lines if "SHA-256" in words or words[:1] == ["Acme"]]
    assert tables == [
        ("certificate", "SHA-256", "files"),
        ("Acme", "Kept", "3"),
        ("distrusted", "SHA-256", "files"),
        ("Acme", "Gone", "3"),
    ]


def test_diff_tells_of_distrust_between_packages_of_every_format(releases: Releases) -> None:
    """Between two packages, or a package and the next manifest; between a package and its own, nothing."""
    seen = set()
    for name in _inspected(releases.first).keys() - _without_list("1"):
        (newer,) = [f for f in _inspected(releases.second) if f.translate(_DIGITS) == name.translate(_DIGITS)]
        for new in (releases.second / newer, releases.second / "manifest.json", releases.second):
            found = _compared(releases.first / name, new)
            assert {
                key: _digests(found[key]) for key in ("removed", "distrusted", "added", "undistrusted")
            } == {
                "removed": releases.gone,
                "distrusted": releases.gone,
                "added": set(),
                "undistrusted": set(),
            }
            assert _digests(found["kept"]) == releases.kept
        same = _compared(releases.second / newer, releases.second / "manifest.json")
        assert not any(same[key] for key in ("removed", "distrusted", "added", "undistrusted"))
        seen.add(name)
    assert {artifact for target in targets.ALL.values() for artifact in target.files(release="1")} == (
        seen | _without_list("1")
    )


# Files of two releases have the same name but for the number.
_DIGITS = str.maketrans("2", "1")


def _compared(old: Path, new: Path) -> dict[str, list[dict[str, str]]]:
    # It exits with 1 where something differs.
    said = run(*_WHATEVER, sys.executable, "-m", "builder", "diff", "--json", old, new)
    found: dict[str, list[dict[str, str]]] = json.loads(said)["certificates"]
    return found


_WHATEVER = ("sh", "-c", '"$@" || [ $? -eq 1 ]', "sh")


def test_a_proof_makes_no_replica_of_a_distrusted_ca(releases: Releases) -> None:
    """What the packages trust is what is proven, although the rpm holds the distrusted CA as well."""
    manifest = manifests.read_manifest(releases.second)
    assert manifest is not None
    assert {one.sha256 for one in replica.originals(releases.second, manifest).certificates} == releases.kept


_CLIENTS = Path(clients.__file__).parent
_PYTHON = "import acme_certifi, json; print(json.dumps([c['sha256'] for c in acme_certifi.certificates()]))"
_NODE = """
const { X509Certificate } = require('node:crypto')
const digest = (pem) => new X509Certificate(pem).fingerprint256.replaceAll(':', '').toLowerCase()
console.log(JSON.stringify(require('acme-ca').certificates().map(digest)))
"""
_RUBY = """
puts AcmeCa.certificates.map { |one| OpenSSL::Digest::SHA256.hexdigest(one.to_der) }.inspect
"""


def _install_wheel(wheel: Path, folder: Path) -> tuple[list[str], list[str]]:
    if not (folder / "bin").exists():
        run(sys.executable, "-m", "venv", folder)
    python = str(folder / "bin" / "python")
    run(python, "-m", "pip", "install", "--no-index", "--upgrade", wheel)
    return [python, "-c", _PYTHON], [python, str(_CLIENTS / "with_urllib.py")]


def _install_npm(tarball: Path, folder: Path) -> tuple[list[str], list[str]]:
    folder.mkdir(exist_ok=True)
    (folder / "package.json").write_text('{"private": true}', "utf-8")
    run(require("npm"), "install", "--offline", "--no-audit", "--no-fund", tarball, cwd=folder)
    node = [require("node"), "--dns-result-order=ipv4first"]
    register = ["--require", str(folder / "node_modules/acme-ca/register.js")]
    return [*node, "-e", _NODE], [*node, *register, str(_CLIENTS / "with_https.js")]


def _install_gem(gem: Path, folder: Path) -> tuple[list[str], list[str]]:
    home = ["env", f"GEM_HOME={folder}", f"GEM_PATH={folder}"]
    run(*home, require("gem"), "install", "--local", "--no-document", gem)
    ruby = [*home, require("ruby"), "-r", "acme_ca"]
    return [*ruby, "-e", _RUBY], [*ruby, str(_CLIENTS / "with_net_http.rb")]


_LANGUAGES = {".whl": _install_wheel, ".tgz": _install_npm, ".gem": _install_gem}


@pytest.mark.parametrize("ending", _LANGUAGES)
def test_a_language_stops_trusting_what_the_upgrade_distrusts(
    releases: Releases, ending: str, tmp_path: Path
) -> None:
    """Its list of certificates has the others alone, and its client refuses the distrusted CA's server."""
    with releases.served() as urls:
        for folder, trusted, count in (
            (releases.first, releases.kept | releases.gone, 2),
            (releases.second, releases.kept, 1),
        ):
            (package,) = folder.glob(f"*{ending}")
            listing, client = _LANGUAGES[ending](package, tmp_path / "sandbox")
            assert set(json.loads(run(*listing, cwd=tmp_path / "sandbox"))) == trusted
            said = run(*_WHATEVER, *client, *urls, cwd=tmp_path / "sandbox")
            assert [url for url in urls if f"{url} accepted" in said] == urls[:count]
            assert [url for url in urls if f"{url} refused" in said] == urls[count:]
