"""RPM packages written: noarch, a header of format 4, and a payload whose compression stores it.

No library does: those that read rpms on PyPI do not write them, and bytes must not depend on a program here.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
import struct
from typing import TYPE_CHECKING

from builder.formats import cpio
from builder.formats.compression import gzip
from builder.formats.control import line, maintainer, matching, placed
from builder.formats.metadata import LINE, TEXT, MetadataKey, one_of
from builder.formats.rpm import tags
from builder.formats.rpm.header import BINARY, INT16, TRANSLATED, Field, build, numbers, text, texts
from builder.formats.rpm.parts import MAGIC, Parts, join

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from builder.formats.rpm.header import Header
    from builder.model import File, Package

_BUILD_HOST = "trustpack.invalid"  # rpm wants one, and the real one's name would change the bytes
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*")
_VERSION = re.compile(r"[A-Za-z0-9._+~^]+")
_RELATION = r"[^\s<>=(),]+(\([^\s()]*\))*( (<=|>=|<|>|=) [A-Za-z0-9._+~^:-]+)?"
_INTERPRETER = re.compile(r"#! ?(/[!-~]+)(?: ([!-~]+))?")
# What a reader needs of rpm: https://rpm-software-management.github.io/rpm/manual/format_v4.html
_FEATURES = {
    "rpmlib(CompressedFileNames)": "3.0.4-1",
    "rpmlib(FileDigests)": "4.6.0-1",
    "rpmlib(PayloadFilesHavePrefix)": "4.0-1",
}

SCRIPTS = frozenset(tags.SCRIPTS)
METADATA: Mapping[str, MetadataKey] = {
    "release": MetadataKey("line", _VERSION.pattern, "a release such as '1'"),
    "arch": one_of("noarch"),
    "group": LINE,
    "summary": LINE,
    "description": TEXT,
    **dict.fromkeys(
        tags.RELATIONS, MetadataKey("list", _RELATION, "a relation such as 'ca-certificates >= 2023.2'")
    ),
}


def write(package: Package) -> bytes:
    """Return the .rpm, with digests and without a signature."""
    files = placed(package.files)
    archive = cpio.write(files, package.epoch)
    payload = gzip(archive)
    header = build(
        tags.MAIN,
        {
            **_about(package),
            **_relations(package),
            **_scripts(package),
            **_files(files, package.epoch),
            **_changelog(package),
            tags.PAYLOAD_FORMAT: text("cpio"),
            tags.PAYLOAD_COMPRESSOR: text("gzip"),
            tags.PAYLOAD_FLAGS: text("0"),
            tags.PAYLOAD_DIGEST: texts([_sha256(payload)]),
            tags.PAYLOAD_ALGORITHM: numbers([tags.SHA256]),
            # This one still holds where somebody has compressed the payload anew.
            tags.ARCHIVE_DIGEST: texts([_sha256(archive)]),
        },
    )
    return join(Parts(_lead(package), _digests(header, payload, len(archive)), header, payload))


def _digests(header: bytes, payload: bytes, size: int) -> Header:
    md5 = hashlib.md5(header + payload, usedforsecurity=False)
    return {
        tags.SIG_SHA1: text(hashlib.sha1(header, usedforsecurity=False).hexdigest()),
        tags.SIG_SHA256: text(_sha256(header)),
        tags.SIG_SIZE: numbers([len(header) + len(payload)]),
        tags.SIG_MD5: Field(BINARY, (md5.digest(),)),
        tags.SIG_PAYLOAD_SIZE: numbers([size]),
    }


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _release(package: Package) -> str:
    return f"{package.version}-{package.metadata.get('release', '1')}"


def _lead(package: Package) -> bytes:
    """Return what file(1) looks at: a binary package of format 3.0 whose signature is a header (5)."""
    name = f"{package.name}-{_release(package)}".encode()[:65]
    return struct.pack(">4s2B2H66s2H16x", MAGIC, 3, 0, 0, 0, name, 1, 5)


def _about(package: Package) -> Header:
    said, organisation = package.metadata, package.organisation
    name = matching("an .rpm's name", package.name, _NAME)
    version = matching("an .rpm's version", package.version, _VERSION)
    summary = said.get("summary", organisation.summary)
    return {
        tags.LANGUAGES: texts(["C"]),
        tags.ENCODING: text("utf-8"),
        tags.NAME: text(name),
        tags.VERSION: text(version),
        tags.RELEASE: text(said.get("release", "1")),
        tags.SUMMARY: texts([line("summary", summary)], TRANSLATED),
        tags.DESCRIPTION: texts([said.get("description", summary)], TRANSLATED),
        tags.BUILD_TIME: numbers([package.epoch]),
        tags.BUILD_HOST: text(_BUILD_HOST),
        tags.SIZE: numbers([sum(len(file.data) for file in package.files)]),
        tags.VENDOR: text(line("name", organisation.name)),
        tags.LICENSE: text(line("license", organisation.license)),
        tags.PACKAGER: text(maintainer(package)),
        tags.GROUP: texts([said.get("group", "Unspecified")], TRANSLATED),
        tags.URL: text(line("homepage", organisation.homepage)),
        tags.OS: text("linux"),
        tags.ARCH: text("noarch"),
        # Without the name of a source package, rpm takes a package for one.
        tags.SOURCE_RPM: text(f"{name}-{_release(package)}.src.rpm"),
        tags.RPM_VERSION: text("trustpack"),
    }


def _relations(package: Package) -> Header:
    fields: dict[int, Field] = {}
    for key, (names, versions, flags) in tags.RELATIONS.items():
        # One requirement for all that asks for the same thing: what scripts need it for are flags of it.
        merged: dict[tuple[str, str, int], int] = {}
        for name, version, sense in _relations_of(package, key):
            same = name, version, sense & tags.COMPARED
            merged[same] = merged.get(same, 0) | sense
        if merged:
            ordered = sorted(merged)
            fields[names] = texts(name for name, _, _ in ordered)
            fields[versions] = texts(version for _, version, _ in ordered)
            fields[flags] = numbers(merged[same] for same in ordered)
    return fields


def _relations_of(package: Package, key: str) -> Iterator[tuple[str, str, int]]:
    """Yield name, version and flags of what is said, and of what follows from it."""
    for relation in package.metadata.get(key, ()):
        name, _, compared = relation.partition(" ")
        sense, _, version = compared.partition(" ")
        yield name, version, tags.SENSES[sense]
    if key == "provides":
        yield package.name, _release(package), tags.SENSES["="]
    if key == "depends":
        for feature, since in _FEATURES.items():
            yield feature, since, tags.SENSES["<="] | tags.RPMLIB
        for script, data in package.scripts.items():
            yield _interpreter(script, data)[0], "", tags.INTERPRETER | tags.SCRIPTS[script][2]


def _scripts(package: Package) -> Header:
    fields: dict[int, Field] = {}
    for name, data in package.scripts.items():
        script, program, _ = tags.SCRIPTS[name]
        command = _interpreter(name, data)
        fields[script] = text(data.decode())
        fields[program] = text(command[0]) if len(command) == 1 else texts(command)
    return fields


def _interpreter(script: str, data: bytes) -> list[str]:
    """Return the program that a script's first line names, and what it is given before the script."""
    first = data.decode().partition("\n")[0].rstrip()
    found = matching(f"a line that names the interpreter of script {script}", first, _INTERPRETER)
    return found.removeprefix("#!").split()


def _files(files: Sequence[File], epoch: int) -> Header:
    if not files:
        return {}
    split = [file.path.rpartition("/") for file in files]
    folders = sorted({f"{folder}/" for folder, _, _ in split})
    count = len(files)
    return {
        tags.FILE_SIZES: numbers(len(file.data) for file in files),
        tags.FILE_MODES: numbers((cpio.mode_of(file) for file in files), INT16),
        tags.FILE_DEVICES: numbers([0] * count, INT16),
        tags.FILE_TIMES: numbers([epoch] * count),
        tags.FILE_DIGESTS: texts(_sha256(file.data) if file.kind == "file" else "" for file in files),
        tags.FILE_LINKS: texts([""] * count),
        tags.FILE_FLAGS: numbers([0] * count),
        tags.FILE_USERS: texts(["root"] * count),
        tags.FILE_GROUPS: texts(["root"] * count),
        tags.FILE_VERIFY: numbers([0xFFFFFFFF] * count),  # rpm -V looks at all it can
        tags.FILE_DEVICE: numbers([1] * count),
        tags.FILE_INODES: numbers(range(1, count + 1)),
        tags.FILE_LANGUAGES: texts([""] * count),
        tags.DIR_INDEXES: numbers(folders.index(f"{folder}/") for folder, _, _ in split),
        tags.BASENAMES: texts(name for _, _, name in split),
        tags.DIR_NAMES: texts(folders),
        tags.DIGEST_ALGORITHM: numbers([tags.SHA256]),
    }


def _changelog(package: Package) -> Header:
    if not package.history:
        return {}
    who, release = maintainer(package), package.metadata.get("release", "1")
    # From noon on, as rpmbuild writes it: rpm prints the day in its reader's time zone.
    days = [one.moment + dt.timedelta(hours=12) for one in package.history]
    return {
        tags.CHANGELOG_TIME: numbers(int(day.timestamp()) for day in days),
        tags.CHANGELOG_NAME: texts(f"{who} - {one.release}-{release}" for one in package.history),
        tags.CHANGELOG_TEXT: texts("\n".join(f"- {note}" for note in one.notes) for one in package.history),
    }
