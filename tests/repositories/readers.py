"""What each package manager finds on a site, from its pointer to its packages: written for tests, by hand.

`views` returns, for each pointer, the packages that it leads to with their digests, each verified by what the
index before it says; it fails where a reader would find half of a publication.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import re
import tarfile
import zlib
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

View = frozenset[tuple[str, str]]
_RPM = "{http://linux.duke.edu/metadata/repo}"
_COMMON = "{http://linux.duke.edu/metadata/common}"


def views(read: Callable[[str], bytes], *, url: str, signed: bool = True) -> Mapping[str, View]:
    """Return what is found from each pointer of a site that is served at `url`."""
    found = {
        "apt": apt(read, "InRelease" if signed else "Release"),
        "rpm": _rpm(read, url, signed=signed),
        "apk x86_64": _apk(read, "x86_64"),
        "apk aarch64": _apk(read, "aarch64"),
        "pypi": _pypi(read),
        "npm": _npm(read, url),
        "gem": _gem(read),
        "brew": _brew(read),
        "files": files(read),
    }
    return {**found, "pacman": _pacman(read)} if signed else found  # which has none that are not signed


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _expect(read: Callable[[str], bytes], path: str, sha256: str) -> tuple[str, str]:
    assert sha256 == _sha256(read(path)), path
    return path, sha256


def apt(read: Callable[[str], bytes], name: str) -> View:
    """Return what apt finds."""
    release = read(f"deb/dists/stable/{name}").decode()
    rows = re.findall(r"^ ([0-9a-f]{64}) +[0-9]+ main/binary-all/Packages$", release, re.MULTILINE)
    assert len(rows) == 1
    packages = read(f"deb/dists/stable/main/binary-all/by-hash/SHA256/{rows[0]}")
    assert rows[0] == _sha256(packages)
    found = set()
    for stanza in packages.decode().strip().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in stanza.splitlines() if re.match("[A-Z]", line))
        found.add(_expect(read, f"deb/{fields['Filename']}", fields["SHA256"]))
    return frozenset(found)


def _rpm(read: Callable[[str], bytes], url: str, *, signed: bool) -> View:
    base = read("rpm/mirrorlist").decode().split()[0].removeprefix(f"{url}/").rstrip("/")
    repomd = ET.fromstring(read(f"{base}/repodata/repomd.xml"))  # noqa: S314  ours
    if signed:
        assert read(f"{base}/repodata/repomd.xml.asc")
    found: set[tuple[str, str]] = set()
    for data in repomd.iter(f"{_RPM}data"):
        place, digest = data.find(f"{_RPM}location"), data.find(f"{_RPM}checksum")
        assert place is not None
        assert digest is not None
        content = read(f"{base}/{place.attrib['href']}")
        assert digest.text == _sha256(content)
        if data.attrib["type"] == "primary":
            for package in ET.fromstring(gzip.decompress(content)).iter(f"{_COMMON}package"):  # noqa: S314  ours
                location, checksum = package.find(f"{_COMMON}location"), package.find(f"{_COMMON}checksum")
                assert location is not None
                assert checksum is not None
                where = f"{base}/{location.attrib['href']}"
                while "/../" in where:
                    where = re.sub(r"[^/]+/\.\./", "", where, count=1)
                found.add(_expect(read, where, str(checksum.text)))
    return frozenset(found)


def _apk(read: Callable[[str], bytes], architecture: str) -> View:
    index = read(f"apk/{architecture}/APKINDEX.tar.gz")
    text, rest = b"", index
    while rest:  # a signature, and the index, each compressed by itself
        stream = zlib.decompressobj(wbits=31)
        data, rest = stream.decompress(rest), stream.unused_data
        with tarfile.open(fileobj=io.BytesIO(data + bytes(1024))) as archive:
            for member in archive:
                if member.name == "APKINDEX":
                    stream_of = archive.extractfile(member)
                    assert stream_of is not None
                    text = stream_of.read()
    found = set()
    for stanza in text.decode().strip().split("\n\n"):
        fields = dict(line.split(":", 1) for line in stanza.splitlines())
        path = f"apk/{architecture}/{fields['P']}-{fields['V']}.apk"
        package = read(path)
        assert fields["S"] == str(len(package))
        assert base64.b64decode(fields["C"][2:]) in _members(package)
        found.add((path, _sha256(package)))
    return frozenset(found)


def _members(package: bytes) -> set[bytes]:
    """Return the SHA-1 of each gzip member of a package, as it lies there."""
    found, rest = set(), package
    while rest:
        stream = zlib.decompressobj(wbits=31)
        stream.decompress(rest)
        found.add(hashlib.sha1(rest[: len(rest) - len(stream.unused_data)]).digest())  # noqa: S324  apk's own
        rest = stream.unused_data
    return found


def _pacman(read: Callable[[str], bytes]) -> View:
    found = set()
    with tarfile.open(fileobj=io.BytesIO(read("arch/acme.db"))) as archive:
        for member in archive:
            if not member.name.endswith("/desc"):
                continue
            stream = archive.extractfile(member)
            assert stream is not None
            text = stream.read().decode()
            fields = dict(re.findall(r"%([A-Z0-9]+)%\n(.*)\n", text))
            found.add(_expect(read, f"arch/{fields['FILENAME']}", fields["SHA256SUM"]))
    return frozenset(found)


def _pypi(read: Callable[[str], bytes]) -> View:
    found = set()
    for name in re.findall('href="([a-z0-9-]+)/"', read("pypi/simple/index.html").decode()):
        page = read(f"pypi/simple/{name}/index.html").decode()
        for path, digest in re.findall('href="../../([^"#]+)#sha256=([0-9a-f]{64})"', page):
            found.add(_expect(read, f"pypi/{path}", digest))
    assert found
    return frozenset(found)


def _npm(read: Callable[[str], bytes], url: str) -> View:
    found = set()
    for version in json.loads(read("npm/acme-ca"))["versions"].values():
        path = version["dist"]["tarball"].removeprefix(f"{url}/")
        data = read(path)
        wanted = base64.b64encode(hashlib.sha512(data).digest()).decode()
        assert f"sha512-{wanted}" == version["dist"]["integrity"]
        found.add((path, _sha256(data)))
    return frozenset(found)


def _gem(read: Callable[[str], bytes]) -> View:
    found = set()
    rows = [line.split() for line in read("gem/versions").decode().split("---\n")[1].splitlines()]
    for name, versions, _ in rows:
        info = read(f"gem/info/{name}").decode()
        lines = dict(re.findall(r"^([0-9.]+) .*checksum:([0-9a-f]{64})", info, re.MULTILINE))
        # What versions names is there; info may have one more, which nobody is told of yet.
        for version in versions.split(","):
            path = f"gem/gems/{name}-{version}.gem"
            found.add(_expect(read, path, lines[version]))
            assert read(f"gem/quick/Marshal.4.8/{name}-{version}.gemspec.rz")
    return frozenset(found)


def _brew(read: Callable[[str], bytes]) -> View:
    tap = "brew/homebrew-ca.git"
    heads = [line.split("\t") for line in read(f"{tap}/info/refs").decode().splitlines()]
    commit = {name: sha for sha, name in heads}["refs/heads/main"]
    _, data = _object(read, tap, commit)
    tree = data.decode().split("\n")[0].removeprefix("tree ")
    return frozenset(_blobs(read, tap, tree, ""))


def _blobs(read: Callable[[str], bytes], tap: str, tree: str, prefix: str) -> set[tuple[str, str]]:
    _, data = _object(read, tap, tree)
    found: set[tuple[str, str]] = set()
    while data:
        head, _, rest = data.partition(b"\0")
        mode, name = head.decode().split(" ", 1)
        sha, data = rest[:20].hex(), rest[20:]
        if mode.startswith("4"):
            found |= _blobs(read, tap, sha, f"{prefix}{name}/")
        else:
            found.add((f"{prefix}{name}", _sha256(_object(read, tap, sha)[1])))
    return found


def _object(read: Callable[[str], bytes], tap: str, sha: str) -> tuple[str, bytes]:
    whole = zlib.decompress(read(f"{tap}/objects/{sha[:2]}/{sha[2:]}"))
    assert sha == hashlib.sha1(whole).hexdigest()  # noqa: S324  git's own
    head, _, data = whole.partition(b"\0")
    return head.decode().split()[0], data


def files(read: Callable[[str], bytes]) -> View:
    """Return what `sha256sum -c` finds."""
    rows = [line.split("  ") for line in read("files/SHA256SUMS").decode().splitlines()]
    return frozenset(_expect(read, f"files/{name}", digest) for digest, name in rows)
