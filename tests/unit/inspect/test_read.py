"""Packages of every format, read back."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import random
import zipfile

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from hypothesis import given
from hypothesis import strategies as st

from builder.errors import NotAPackageError, PackageError
from builder.formats.compression import gzip
from builder.formats.tar import write as tar
from builder.inspect import Contents, read
from builder.model import File

_NAMED = {
    "deb": ("acme-ca-certs", "20261124-0"),
    "rpm": ("acme-ca-certs", "20261124-0"),
    "apk": ("acme-ca-certs", "20261124-r0"),
    "wheel": ("acme-ca", "1.0"),
    "npm": ("acme-ca", "1.0.0"),
    "gem": ("acme-ca", "1.0"),
    "bottle": ("acme", "1.0"),
    "archive": ("acme", "1.0"),
    "pem": ("", ""),
}
_SCRIPTS = {
    "deb": {"postinst": "#!/bin/sh\nexit 0\n"},
    "rpm": {"post": "#!/bin/sh\nexit 0\n"},
    "apk": {"post-install": "#!/bin/sh\nexit 0\n"},
    "wheel": {"acme.pth": "import acme_ca\n"},
    "npm": {"test": "true"},
    "gem": {"lib/rubygems_plugin.rb": "# on\n"},
}
_FORMULA = b"""class AcmeCaCerts < Formula
  desc 'Acme\\'s roots'
  homepage "https://acme.example"
  url "https://acme.example/acme-ca-certs-20261124.1.tar.gz"
  sha256 "aa11"
  bottle do
    root_url "https://acme.example/bottles"
    sha256 cellar: :any_skip_relocation, all: "bb22"
  end
end
"""


def _fingerprint(pem: bytes) -> str:
    return x509.load_pem_x509_certificate(pem).fingerprint(hashes.SHA256()).hex()


@pytest.mark.parametrize("kind", _NAMED)
def test_tells_format_name_and_version(packages: dict[str, bytes], kind: str) -> None:
    """The format is told by content, name and version are the package's own, whatever the file is called."""
    contents = read("some/file.bin", packages[kind])
    assert (kind, *_NAMED[kind]) == (contents.format, contents.name, contents.version)


@pytest.mark.parametrize("kind", _NAMED)
def test_finds_every_certificate(packages: dict[str, bytes], roots: list[bytes], kind: str) -> None:
    """The package's set is the union over its files."""
    assert {_fingerprint(pem) for pem in roots} == read("x", packages[kind]).fingerprints


@pytest.mark.parametrize("kind", ["deb", "rpm", "apk"])
def test_says_which_file_holds_which_certificate(
    packages: dict[str, bytes], roots: list[bytes], kind: str
) -> None:
    """A certificate that lies in two files is listed for each of them."""
    one, two = map(_fingerprint, roots)
    found = [
        (held.file.rsplit("/", 1)[-1], held.certificate.sha256)
        for held in read("x", packages[kind]).certificates
    ]
    assert [("1.crt", one), ("2.crt", two), ("both.pem", one), ("both.pem", two)] == found


@pytest.mark.parametrize("kind", ["deb", "rpm", "apk"])
def test_lists_files_with_mode_owner_and_digest(
    packages: dict[str, bytes], roots: list[bytes], kind: str
) -> None:
    """System packages list absolute paths with what will be on the disk."""
    found = {file.path: file for file in read("x", packages[kind]).files}
    folder, file = found["/usr/share/acme"], found["/usr/share/acme/1.crt"]
    assert (
        folder.kind,
        folder.mode,
        folder.owner,
        folder.size,
        folder.sha256,
    ) == ("dir", 0o755, "root:root", 0, "")
    assert ("file", 0o644, "root:root", len(roots[0]), hashlib.sha256(roots[0]).hexdigest()) == (
        file.kind,
        file.mode,
        file.owner,
        file.size,
        file.sha256,
    )


@pytest.mark.parametrize("kind", _NAMED)
def test_shows_what_runs_without_being_called(packages: dict[str, bytes], kind: str) -> None:
    """Maintainer scripts, npm scripts, start-up hooks and gem plugins are all scripts."""
    assert _SCRIPTS.get(kind, {}) == read("x", packages[kind]).scripts


def test_certificates_carry_what_people_ask_for(packages: dict[str, bytes], roots: list[bytes]) -> None:
    """Label, subject and validity are the certificate's."""
    expected = x509.load_pem_x509_certificate(roots[0])
    held = read("roots.pem", packages["pem"]).certificates[0]
    assert (held.file, held.label, held.certificate.subject) == ("roots.pem", "Acme Root 1", "CN=Acme Root 1")
    found = held.certificate
    assert (expected.not_valid_before_utc, expected.not_valid_after_utc) == (
        found.not_before,
        found.not_after,
    )


def test_reads_a_formula() -> None:
    """A formula's URL, digests and version are read without running it."""
    contents = read("acme-ca-certs.rb", _FORMULA)
    assert (contents.format, contents.name, contents.version) == ("formula", "acme-ca-certs", "20261124.1")
    assert contents.metadata == {
        "desc": "Acme's roots",
        "homepage": "https://acme.example",
        "url": "https://acme.example/acme-ca-certs-20261124.1.tar.gz",
        "sha256": "aa11",
        "root_url": "https://acme.example/bottles",
        "bottle.all": "bb22",
    }


def test_same_content_compares_equal(packages: dict[str, bytes]) -> None:
    """Contents can be compared: the same package is equal under any name, another one is not."""
    assert read("a", packages["gem"]) == read("b", packages["gem"])
    assert read("a", packages["gem"]) != read("a", packages["npm"])


@pytest.mark.parametrize(
    "data", [b"", b"{}", b"0" * 64 + b"  acme.deb\n", b"\x7fELF", b"\x1f\x8b\x08"], ids=repr
)
def test_other_files_are_no_packages(data: bytes) -> None:
    """Checksum lists, manifests and anything else raise an error of their own."""
    with pytest.raises(NotAPackageError, match="x: is no package in a format that inspect reads"):
        read("x", data)


def _rezipped(wheel: bytes, **changes: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(wheel)) as old, zipfile.ZipFile(buffer, "w") as new:
        members = {name: old.read(name) for name in old.namelist()} | changes
        for name, data in members.items():
            new.writestr(name, data)
    return buffer.getvalue()


def test_wheel_must_match_its_record(packages: dict[str, bytes]) -> None:
    """A file changed, added or missing behind RECORD's back is refused."""
    wheel = packages["wheel"]
    with pytest.raises(PackageError, match=r"x\.whl: acme\.pth: does not match RECORD"):
        read("x.whl", _rezipped(wheel, **{"acme.pth": b"import evil\n"}))
    with pytest.raises(PackageError, match=r"x\.whl: evil\.py: does not match RECORD"):
        read("x.whl", _rezipped(wheel, **{"evil.py": b""}))
    record = b"gone.py,sha256=x,1\n"
    with pytest.raises(PackageError, match=r"RECORD: lists gone\.py, which is not there"):
        read("x.whl", _rezipped(wheel, **{"acme_ca-1.0.dist-info/RECORD": record}))


def test_apk_must_match_its_datahash(packages: dict[str, bytes]) -> None:
    """A data stream other than the one .PKGINFO digests is refused."""
    from builder.formats.compression import gunzip_each

    streams = [packed for packed, _ in gunzip_each("x", packages["apk"])]
    other = gzip(tar([File("evil", b"")], 0))
    with pytest.raises(PackageError, match=r"x\.apk: data: does not match datahash"):
        read("x.apk", streams[0] + other)


def test_reads_a_signed_apk(packages: dict[str, bytes]) -> None:
    """A signature in front changes nothing but the fact that it is there, by the name of its key."""
    # A segment of an .apk but the last ends without end-of-archive blocks: header and one block of data.
    segment = tar([File(".SIGN.RSA.pki@acme.rsa.pub", b"s" * 256)], 0)[:1024]
    unsigned, signed = read("x.apk", packages["apk"]), read("x.apk", gzip(segment) + packages["apk"])
    assert signed.metadata == {**unsigned.metadata, "signature": ".SIGN.RSA.pki@acme.rsa.pub"}
    assert signed == dataclasses.replace(unsigned, metadata=signed.metadata)


def test_gem_must_match_its_checksums(packages: dict[str, bytes]) -> None:
    """A data.tar.gz other than the one checksums.yaml.gz digests is refused."""
    from builder.formats.tar import unpack

    parts = {entry.path: entry.data for entry in unpack("x", packages["gem"])}
    parts["data.tar.gz"] = gzip(tar([File("evil", b"")], 0))
    with pytest.raises(PackageError, match=r"data\.tar\.gz: does not match checksums\.yaml\.gz"):
        read("x.gem", tar([File(path, data) for path, data in parts.items()], 0))


_HOSTILE = {
    "brackets nested 10,000 deep": b"[" * 10_000,
    "a mapping nested 200 deep": b"".join(b" " * depth + b"a:\n" for depth in range(200)),
    "aliases that stand for gigabytes": b"a: &a [x, x, x]\nb: &b [*a, *a, *a]\nc: [*b, *b, *b]\n",
    "a list that holds itself": b"licenses: &a [*a]\nname: x\nversion: {version: '1'}\n",
    "no YAML": b"a: b: c",
    "no mapping": b"- a\n",
    "no version": b"name: acme\n",
    "30,000 values": b"- a\n" * 30_000,
    "more than a megabyte": b"# " + b"x" * 1_100_000,
}


@pytest.mark.parametrize("specification", _HOSTILE.values(), ids=_HOSTILE)
def test_gem_specification_cannot_do_harm(specification: bytes) -> None:
    """YAML made to exhaust its reader is refused at once."""
    gem = _gem({"metadata.gz": gzip(specification), "data.tar.gz": gzip(tar([], 0))})
    with pytest.raises(PackageError, match=r"metadata\.gz"):
        read("x.gem", gem)


def _gem(parts: dict[str, bytes]) -> bytes:
    sums = "".join(f"  {name}: {hashlib.sha256(data).hexdigest()}\n" for name, data in parts.items())
    files = parts | {"checksums.yaml.gz": gzip(f"SHA256:\n{sums}".encode())}
    return tar([File(path, data) for path, data in files.items()], 0)


def test_npm_description_cannot_do_harm() -> None:
    """A package.json nested too deeply is refused."""
    description = b'{"name": "a", "version": "1", "x": ' + b"[" * 100_000
    with pytest.raises(PackageError, match=r"package\.json: is not JSON"):
        read("x.tgz", gzip(tar([File("package/package.json", description)], 0)))


def test_stops_a_bomb() -> None:
    """A package that unpacks to more than 64 MiB is refused, whatever it claims to be."""
    import gzip as standard

    with pytest.raises(PackageError, match="unpacks to more than inspect reads"):
        read("x.tgz", standard.compress(b"package/a" + b"\0" * (65 * 1024 * 1024), 1))


def test_another_zip_is_no_wheel(packages: dict[str, bytes]) -> None:
    """A jar is no package here; what is cut off could have been one."""
    jar = io.BytesIO()
    with zipfile.ZipFile(jar, "w") as archive:
        archive.writestr("META-INF/MANIFEST.MF", "x")
        archive.writestr("lib/acme.whl", packages["wheel"])
    with pytest.raises(NotAPackageError):
        read("acme.jar", jar.getvalue())
    with pytest.raises(PackageError, match=r"damaged zip"):
        read("acme.whl", packages["wheel"][:-30])


def test_deb_must_match_its_sums(packages: dict[str, bytes]) -> None:
    """A file other than the one md5sums digests is refused."""
    start = packages["deb"].index(b"data.tar")
    data = gzip(tar([File("./usr/share/acme/1.crt", b"evil")], 0))
    header = packages["deb"][start : start + 48] + b"%-10d`\n" % len(data)
    with pytest.raises(PackageError, match="md5sums"):
        read("x.deb", packages["deb"][:start] + header + data + b"\n" * (len(data) % 2))


def test_names_an_apk_of_format_3() -> None:
    """The newer .apk is recognised and named instead of called unknown."""
    with pytest.raises(PackageError, match=r"x\.apk: is an \.apk of format 3"):
        read("x.apk", b"ADBd" + b"\0" * 100)


def test_escapes_what_a_package_says() -> None:
    """An error message holds no control character of a package's names."""
    data = gzip(tar([File("../\x1b[2J", b"")], 0))
    with pytest.raises(PackageError) as caught:
        read("evil\x1b.tgz", data)
    assert str(caught.value) == "evil\\u001b.tgz: .tar.gz: ../\\u001b[2J leaves the package"


def _survives(data: bytes, whole: Contents) -> None:
    """Fail unless `data` is refused, or says what `whole` says."""
    try:
        contents = read("x", data)
    except PackageError:
        return
    assert whole.certificates == contents.certificates
    # A zip's modes are in nobody's digest.
    assert [(f.path, f.sha256) for f in whole.files] == [(f.path, f.sha256) for f in contents.files]


@pytest.mark.parametrize("kind", [kind for kind in _NAMED if kind != "pem"])
def test_no_damage_goes_unnoticed(packages: dict[str, bytes], kind: str) -> None:
    """A package with one bit turned, or cut short, is refused or the same: never other files."""
    package = packages[kind]
    whole = read("x", package)
    chance = random.Random(kind)  # noqa: S311  the same damage in every run
    for _ in range(400):
        at = chance.randrange(len(package))
        damaged = bytearray(package)
        damaged[at] ^= 1 << chance.randrange(8)
        _survives(bytes(damaged), whole)
        _survives(package[:at], whole)


@given(head=st.sampled_from([*_NAMED, "nothing"]), keep=st.integers(0, 2000), tail=st.binary(max_size=500))
def test_never_raises_anything_else(packages: dict[str, bytes], head: str, keep: int, tail: bytes) -> None:
    """Any bytes behind any beginning are a package or a PackageError."""
    try:
        read("x", packages.get(head, b"")[:keep] + tail)
    except PackageError:
        return
