"""Every artifact unpacked by its ecosystem's tool or the standard library, never by the product."""

from __future__ import annotations

import gzip
import importlib
import io
import json
import plistlib
import re
import ssl
import stat
import subprocess
import sys
import tarfile
import tempfile
import xml.etree.ElementTree as ET
import zipfile
import zlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from tests import targets
from tests.packages import windows
from tests.packages.built import fingerprints, run
from tests.tools import require

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping


@dataclass(frozen=True)
class Entry:
    """One file or folder of a package, as it will lie on a disk."""

    path: str
    mode: int
    owner: str
    data: bytes | None

    @property
    def line(self) -> str:
        """One line of a listing; a folder has no size."""
        size, slash = ("-", "/") if self.data is None else (str(len(self.data)), "")
        return f"{self.mode:04o} {self.owner} {size} {self.path}{slash}"


@dataclass(frozen=True)
class Read:
    """A package's entries by path, its scripts, and its description in the format's own words."""

    entries: tuple[Entry, ...]
    scripts: Mapping[str, str]
    description: str

    def data(self, path: str) -> bytes:
        """Return the bytes of the file at `path`."""
        (found,) = [entry.data for entry in self.entries if entry.path == path]
        assert found is not None
        return found


def read(target: str, file: Path) -> Read:
    """Unpack `file`, an artifact of `target`."""
    return _READERS[targets.ALL[target].output(file.name).container](file)


def deb(file: Path) -> Read:
    """Unpack with dpkg-deb."""
    dpkg = require("dpkg-deb")
    with tempfile.TemporaryDirectory() as folder:
        run(dpkg, "-e", file, f"{folder}/control")
        control = {path.name: path.read_text("utf-8") for path in Path(folder, "control").iterdir()}
    listing = _tar_bytes(run_bytes(dpkg, "--fsys-tarfile", file), root="/")
    description = control.pop("control")
    control.pop("md5sums")
    return Read(listing, dict(sorted(control.items())), description)


def control_fields(text: str) -> dict[str, str]:
    """Return the fields of a deb's control file, or of dpkg's word of an installed one."""
    return dict(re.findall(r"^(\S+?): ?((?:.*)(?:\n .*)*)$", text, re.MULTILINE))


def rpm_tags(xml: str) -> dict[str, list[str | None]]:
    """Return every tag of a header, as `rpm --xml` says it."""
    tree = ET.fromstring(xml)  # noqa: S314  rpm's own
    return {tag.get("name", ""): [value.text for value in tag] for tag in tree.iter("rpmTag")}


def rpm(file: Path) -> Read:
    """Ask rpm for the header, and unpack the payload with rpm2cpio and cpio."""
    program = require("rpm")
    form = r"[%{FILEMODES:octal} %{FILEUSERNAME}:%{FILEGROUPNAME} %{FILENAMES}\n]"
    entries = []
    with tempfile.TemporaryDirectory() as folder:
        payload = run_bytes(require("rpm2cpio"), file)
        run(require("cpio"), "--extract", "--quiet", "--make-directories", cwd=Path(folder), data=payload)
        for line in run(program, "-qp", "--nosignature", "--qf", form, file).splitlines():
            mode, owner, path = line.split(" ", 2)
            bits = int(mode, 8)
            data = None if stat.S_ISDIR(bits) else Path(folder, path.lstrip("/")).read_bytes()
            entries.append(Entry(path, stat.S_IMODE(bits), owner, data))
    query = (program, "-qp", "--nosignature")
    description = run(*query, "--qf", _RPM_HEADER, file) + run(*query, "--requires", file)
    return Read(tuple(entries), {"scriptlets": run(*query, "--scripts", file)}, description)


# Without the build host and time, which `rpm -qi` shows, and with what it does not.
_RPM_HEADER = "".join(
    f"{tag.title()}: %{{{tag}}}\n"
    for tag in (
        "NAME",
        "VERSION",
        "RELEASE",
        "ARCH",
        "OS",
        "GROUP",
        "LICENSE",
        "VENDOR",
        "PACKAGER",
        "URL",
        "BUILDHOST",
        "BUILDTIME",
        "SOURCERPM",
        "PAYLOADCOMPRESSOR",
        "SUMMARY",
        "DESCRIPTION",
    )
)


def apk(file: Path) -> Read:
    """Unpack the gzip streams with zlib and tarfile."""
    control, data = (plain for _, plain in apk_streams(file))
    parts = {entry.path: (entry.data or b"").decode("utf-8") for entry in _tar_bytes(control)}
    description = parts.pop(".PKGINFO")
    return Read(_tar_bytes(data, root="/"), parts, description)


def apk_streams(file: Path) -> list[tuple[bytes, bytes]]:
    """Return each gzip stream of an .apk as (compressed, plain)."""
    streams, rest = [], file.read_bytes()
    while rest:
        stream = zlib.decompressobj(31)
        plain = stream.decompress(rest) + stream.flush()
        streams.append((rest[: len(rest) - len(stream.unused_data)], plain))
        rest = stream.unused_data
    return streams


def pacman(file: Path) -> Read:
    """Unpack with gzip and tarfile; what begins with a dot is not installed."""
    entries = _tar_bytes(gzip.decompress(file.read_bytes()), root="/")
    own = {entry.path: entry.data or b"" for entry in entries if entry.path.startswith("/.")}
    installed = tuple(entry for entry in entries if entry.path not in own)
    return Read(installed, {}, own["/.PKGINFO"].decode("utf-8"))


def oci(file: Path) -> Read:
    """Unpack the layout and its one layer with tarfile, by the first platform's manifest."""
    parts = {entry.path: entry.data or b"" for entry in _tar_bytes(file.read_bytes())}

    def blob(descriptor: Mapping[str, Any]) -> bytes:
        return parts[f"blobs/{descriptor['digest'].replace(':', '/')}"]

    top = json.loads(parts["index.json"])
    index = json.loads(blob(top["manifests"][0]))
    manifest = json.loads(blob(index["manifests"][0]))
    config = json.loads(blob(manifest["config"]))
    said = {
        "index.json": _undigested(top),
        "index": _undigested(index),
        "manifest": _undigested(manifest),
        "config": _undigested(config),
    }
    listing = _tar_bytes(blob(manifest["layers"][0]), root="/")
    return Read(listing, {}, json.dumps(said, indent=2, ensure_ascii=False) + "\n")


def _undigested(value: Any) -> Any:
    """Return JSON without digests and sizes, which say nothing to who reviews a golden text."""
    if isinstance(value, dict):
        return {
            key: _undigested(each) for key, each in value.items() if key not in {"digest", "size", "diff_ids"}
        }
    return [_undigested(each) for each in value] if isinstance(value, list) else value


def wheel(file: Path) -> Read:
    """Unpack with zipfile."""
    with zipfile.ZipFile(file) as archive:
        entries = tuple(
            Entry(member.filename, stat.S_IMODE(member.external_attr >> 16), "-", archive.read(member))
            for member in archive.infolist()
        )
    return Read(entries, {}, "")


def go(file: Path) -> Read:
    """Unpack with zipfile, and leave out what every path of a module's zip begins with."""
    entries = (
        replace(entry, path=entry.path.partition("@")[2].partition("/")[2]) for entry in wheel(file).entries
    )
    return Read(tuple(entries), {}, "")


def conda(file: Path) -> Read:
    """Unpack with zipfile, backports.zstd and tarfile."""
    with zipfile.ZipFile(file) as archive:
        parts = {name.partition("-")[0]: archive.read(name) for name in archive.namelist()}
    zstd = importlib.import_module("compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd")
    information = {one.path: one.data or b"" for one in _tar_bytes(zstd.decompress(parts["info"]))}
    description = "".join(f"{path}\n{data.decode()}" for path, data in information.items())
    return Read(_tar_bytes(zstd.decompress(parts["pkg"])), {}, description)


def gem(file: Path) -> Read:
    """Unpack the outer and the inner tar with tarfile."""
    parts = {entry.path: entry.data or b"" for entry in _tar_bytes(file.read_bytes())}
    description = gzip.decompress(parts["metadata.gz"]).decode("utf-8")
    return Read(_tar_bytes(gzip.decompress(parts["data.tar.gz"])), {}, description)


def jks(file: Path) -> Read:
    """Ask Java's keytool, once for the names and once for the certificates."""
    words = (require("keytool"), "-list", "-rfc", "-keystore", file, "-storepass", "changeit")
    said = run(*words)
    names = re.findall(r"Alias name: (.+)", said)
    blocks = re.findall(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", said, re.DOTALL)
    pems = (ssl.DER_cert_to_PEM_cert(ssl.PEM_cert_to_DER_cert(block)) for block in blocks)
    entries = (Entry(f"{name}.pem", 0o644, "-", pem.encode()) for name, pem in zip(names, pems, strict=True))
    return Read(tuple(entries), {}, "")


def _tarball(file: Path) -> Read:
    return Read(_tar_bytes(gzip.decompress(file.read_bytes())), {}, "")


def _single(file: Path) -> Read:
    data = file.read_bytes()
    return Read((Entry(file.name, 0o644, "-", data), *_certificates(windows.carried(data))), {}, "")


def _registry(file: Path) -> Read:
    return Read(tuple(_certificates(windows.registry(file.read_bytes()))), {}, "")


def _installer(file: Path) -> Read:
    return Read(tuple(_certificates(windows.installer(file))), {}, "")


def _policy(file: Path) -> Read:
    return Read(tuple(_certificates(windows.policy(file.read_bytes()))), {}, "")


def _profile(file: Path) -> Read:
    """Read the property list of a profile that is not signed."""
    said = plistlib.loads(file.read_bytes())
    payloads = said.pop("PayloadContent")
    entries = tuple(
        Entry(
            f"{one['PayloadType']}/{one['PayloadCertificateFileName']}",
            0o644,
            "-",
            ssl.DER_cert_to_PEM_cert(one.pop("PayloadContent")).encode(),
        )
        for one in payloads
    )
    return Read(entries, {}, json.dumps({**said, "PayloadContent": payloads}, indent=2) + "\n")


def _certificates(found: Iterable[tuple[str, bytes]]) -> Iterator[Entry]:
    return (Entry(path, 0o644, "-", data) for path, data in found)


def _manifest(file: Path) -> Read:
    """Return the file, and the texts of its objects that hold certificates, by the way to each."""
    data = file.read_bytes()
    (one,) = yaml.safe_load_all(data)
    top = f"{one['kind']}/{one['metadata']['name']}"
    held = [
        Entry(f"{top}/{'.'.join(way)}", 0o644, "-", text.encode())
        for way, text in _leaves(one)
        if "-----BEGIN " in text
    ]
    return Read((Entry(file.name, 0o644, "-", data), *held), {}, "")


def _leaves(value: Any) -> Iterator[tuple[tuple[str, ...], str]]:
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in pairs:
        for way, text in _leaves(inner):
            yield (str(key), *way), text
    if isinstance(value, str):
        yield (), value


def certificate_files(folder: Path) -> dict[str, list[str]]:
    """Return the SHA-256 of the certificates that OpenSSL finds in each file below `folder`, by path."""
    found: dict[str, list[str]] = {}
    name = ""
    printed = run(require("openssl"), "storeutl", "-certs", "-r", ".", cwd=folder)
    for item in _NAME_OR_BLOCK.finditer(printed):
        if item["name"]:
            name = item["name"].removeprefix(".")
        else:
            found.setdefault(name, []).extend(fingerprints(item[0].encode("ascii")))
    return found


_NAME_OR_BLOCK = re.compile(
    "Name: (?P<name>.+)$|-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----", re.MULTILINE
)


def run_bytes(*command: str | Path) -> bytes:
    """Run a program and return its standard output as it is."""
    return subprocess.run([str(word) for word in command], check=True, stdout=subprocess.PIPE).stdout


def _tar_bytes(data: bytes, root: str = "") -> tuple[Entry, ...]:
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        return tuple(_members(archive, root))


def _members(archive: tarfile.TarFile, root: str) -> Iterator[Entry]:
    for member in archive:
        path = member.name.removeprefix("./")
        if path == ".":
            continue
        stream = archive.extractfile(member)
        assert member.isfile() or member.isdir(), member.name
        owner = f"{member.uname or member.uid}:{member.gname or member.gid}"
        yield Entry(root + path, member.mode, owner, stream.read() if stream else None)


# By the format of the package, whoever the target is for.
_READERS: dict[str, Callable[[Path], Read]] = {
    "apk": apk,
    "conda": conda,
    "deb": deb,
    "file": _single,
    "gem": gem,
    "go": go,
    "jks": jks,
    "jar": wheel,  # a zip, too
    "manifest": _manifest,
    "mobileconfig": _profile,
    "msi": _installer,
    "oci": oci,
    "pacman": pacman,
    "pol": _policy,
    "pyz": wheel,  # a zip, behind a line
    "reg": _registry,
    "rpm": rpm,
    "tar": _tarball,
    "wheel": wheel,
}
