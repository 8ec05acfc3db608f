"""Jars and class files: what is written, what is read back, and what no jar can be."""

from __future__ import annotations

import io
import itertools
import zipfile
from pathlib import Path

import pytest

from builder.formats import classfile, jar, pom
from builder.formats.control import Unwritable
from builder.formats.unpacked import Malformed
from builder.model import File
from tests.unit.formats.packages import package

_TEMPLATES = Path(__file__).parents[3] / "templates" / "maven"
_BUNDLE = (_TEMPLATES / "Bundle.class").read_bytes()
_TRUST = (_TEMPLATES / "CaTrust.class").read_bytes()
_MANIFEST = File("META-INF/MANIFEST.MF", b"Manifest-Version: 1.0\nMain-Class: a.B\n")
_NAMED = File("META-INF/maven/a.b/c/pom.properties", b"groupId=a.b\nartifactId=c\nversion=1.2\n")


def _jar(*files: File) -> dict[str, bytes]:
    data = jar.write(package("jar", *files))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_the_manifest_comes_first_in_lines_of_72_bytes() -> None:
    """As the specification has it, and no sign of UTF-8 is cut in two."""
    long = "Implementation-Vendor: " + "ä" * 60
    found = _jar(
        File("META-INF/MANIFEST.MF", f"Manifest-Version: 1.0\n{long}\n".encode()), File("a.txt", b"")
    )
    assert [*found] == ["META-INF/MANIFEST.MF", "a.txt"]
    lines = found["META-INF/MANIFEST.MF"].split(b"\r\n")
    assert max(map(len, lines)) <= 72
    assert [line.decode() for line in lines][-1] == ""
    assert jar.attributes(found["META-INF/MANIFEST.MF"])["Implementation-Vendor"] == "ä" * 60


@pytest.mark.parametrize("line", ["no colon", "a b: c", "Name:", "-x: y"])
def test_a_manifest_is_names_and_values(line: str) -> None:
    """Nothing else becomes a line of it."""
    with pytest.raises(Unwritable, match="is no 'Name: value'"):
        jar.write(package("jar", File("META-INF/MANIFEST.MF", f"{line}\n".encode())))


def test_without_a_manifest_there_is_no_jar() -> None:
    """Java takes none without."""
    with pytest.raises(Unwritable, match=r"needs a file 'META-INF/MANIFEST\.MF'"):
        jar.write(package("jar", File("a", b"")))


def test_classes_and_sources_get_the_package_of_their_folder() -> None:
    """In every place that names one of them, and nowhere else."""
    source = File("x/y/Bundle.java", b"package org.example.ca;\n\nfinal class Bundle {} // org.example.caX\n")
    found = _jar(_MANIFEST, File("x/y/Bundle.class", _BUNDLE), File("x/y/CaTrust.class", _TRUST), source)
    assert classfile.name(found["x/y/Bundle.class"]) == "x/y/Bundle"
    assert b"x/y/Bundle" in found["x/y/CaTrust.class"]
    assert b"org/example/ca/Bundle" not in found["x/y/CaTrust.class"]
    assert found["x/y/Bundle.java"] == b"package x.y;\n\nfinal class Bundle {} // org.example.caX\n"


def test_a_name_is_replaced_as_a_whole() -> None:
    """With slashes and dots, behind a descriptor's L, and not as a part of a longer one."""
    names = {"a/b/C": "x/C"}
    for old, new in (
        (b"a/b/C", b"x/C"),
        (b"a.b.C", b"x.C"),
        (b"(ILa/b/C;[La/b/C;)La/b/C;", b"(ILx/C;[Lx/C;)Lx/C;"),
        (b"a/b/CD", b"a/b/CD"),
        (b"a/b/C$1", b"a/b/C$1"),
        (b"z/a/b/C", b"z/a/b/C"),
        (b"za/b/C", b"za/b/C"),
        (b"a.b.c", b"a.b.c"),
    ):
        assert classfile.in_text(old, names) == new


def test_names_may_change_places() -> None:
    """Each is replaced once."""
    assert classfile.in_text(b"La/A;Lb/B;", {"a/A": "b/B", "b/B": "a/A"}) == b"Lb/B;La/A;"


def test_a_class_with_another_simple_name_is_refused() -> None:
    """Only its package can be another."""
    with pytest.raises(Unwritable, match="is the class org/example/ca/Bundle"):
        jar.write(package("jar", _MANIFEST, File("x/Other.class", _BUNDLE)))
    with pytest.raises(Unwritable, match=r"x/Other\.class: is no class file"):
        jar.write(package("jar", _MANIFEST, File("x/Other.class", b"text")))


def test_a_damaged_class_is_said_to_be_one() -> None:
    """Cut off anywhere, or with any byte of its head changed: an error of ours, or another class."""
    for end in range(0, len(_BUNDLE), 7):
        for call in (classfile.name, lambda data: classfile.renamed(data, {"a": "b"})):
            try:
                call(_BUNDLE[:end])
            except Malformed:
                continue
    for at, value in itertools.product(range(60), (0, 1, 255)):
        try:
            classfile.name(_BUNDLE[:at] + bytes([value]) + _BUNDLE[at + 1 :])
        except Malformed:
            continue


def test_a_name_that_is_too_long_for_a_text_is_refused() -> None:
    """A text has two bytes for its length."""
    with pytest.raises(Malformed, match="too long"):
        classfile.renamed(_BUNDLE, {"org/example/ca/Bundle": "x" * 65536})


def test_a_jar_is_read_by_mavens_coordinates() -> None:
    """With its main attributes, and what starts by itself."""
    agent = File("META-INF/MANIFEST.MF", b"Manifest-Version: 1.0\nPremain-Class: a.B\n")
    factories = File("META-INF/services/a.C", b"a.D\n")
    data = jar.write(package("jar", agent, _NAMED, factories, File("Bundle.class", _BUNDLE)))
    assert jar.recognises(data)
    found = jar.unpack("c.jar", data)
    assert (found.format, found.name, found.version) == ("jar", "a.b:c", "1.2")
    assert found.scripts == {"Premain-Class": "a.B", "META-INF/services/a.C": "a.D\n"}
    attached = jar.unpack("c-sources.jar", jar.write(package("jar", agent, _NAMED)))
    assert attached.format == "attached-jar"
    spring = File("META-INF/spring.factories", b"x=y\n")
    part = jar.unpack(
        "c-spring.jar", jar.write(package("jar", agent, _NAMED, spring, File("Bundle.class", _BUNDLE)))
    )
    assert (part.format, part.scripts["META-INF/spring.factories"]) == ("attached-jar", "x=y\n")


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ([_MANIFEST, File(_NAMED.path, b"groupId=a\n")], "gives no name and version"),
        ([_MANIFEST, _NAMED, File("META-INF/maven/d/e/pom.properties", b"")], "has no name"),
    ],
    ids=["incomplete", "twice"],
)
def test_a_jar_without_one_name_is_malformed(files: list[File], said: str) -> None:
    """Nobody could say what it is."""
    with pytest.raises(Malformed, match=said):
        jar.unpack("c.jar", jar.write(package("jar", *files)))


def test_a_zip_that_only_looks_like_one_is_malformed() -> None:
    """With coordinates, and without the manifest."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(_NAMED.path, _NAMED.data)
    assert jar.recognises(buffer.getvalue())
    with pytest.raises(Malformed, match=r"MANIFEST\.MF: is missing"):
        jar.unpack("c.jar", buffer.getvalue())
    assert not jar.recognises(b"PK\x03\x04 and no more")


_POM = """<?xml version="1.0"?>
<!-- <groupId>wrong</groupId> -->
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <parent><groupId>of</groupId><version>9</version></parent>
  <groupId>a.b</groupId>
  <artifactId> c </artifactId>
  <version>1.2</version>
  <description>&lt;b&gt; &amp;amp;</description>
  <empty/>
</project>
"""


def test_a_pom_says_its_own_name() -> None:
    """Not its parent's, nor a comment's."""
    data = _POM.encode()
    assert pom.recognises(data)
    found = pom.unpack("c-1.2.pom", data)
    assert (found.format, found.name, found.version) == ("pom", "a.b:c", "1.2")
    assert found.metadata["description"] == "<b> &amp;"


@pytest.mark.parametrize(
    "text",
    [
        "<!DOCTYPE project [<!ENTITY a 'x'>]><project><groupId>&a;</groupId></project>",
        "<project><groupId>a</groupId>",
        "<project><a></b></project>",
        "<project>" + "<a>" * 100 + "</a>" * 100 + "</project>",
        "<project></project>",
        "<project><groupId>a</groupId><artifactId>b</artifactId></project>",
        "<project>" + "<" * 10_000,
    ],
    ids=["doctype", "open", "crossed", "deep", "empty", "nameless", "signs"],
)
def test_what_is_no_pom_is_malformed(text: str) -> None:
    """Nothing that a document declares is looked up, and nothing is followed without end."""
    with pytest.raises(Malformed):
        pom.unpack("x.pom", text.encode())


def test_other_xml_is_no_pom() -> None:
    """Ant's projects are others, and binary data is none."""
    assert not pom.recognises(b"<feed></feed>")
    assert not pom.recognises(b'<project name="ant">')
    assert not pom.recognises(b"<project>\0")
