"""Maven's project files (POM 4.0.0): the XML that says what an artifact is called and needs."""

from __future__ import annotations

import re

from builder.formats.unpacked import Entry, Malformed, Unpacked, text

_MAX_POM = 1024 * 1024
_PROJECT = re.compile(rb"<project[\s>][^>]*POM/4\.0\.0|<project>")
_PART = re.compile(
    r"<(/?)([A-Za-z][\w.-]*)(?:\s[^<>]*?)?(/?)>|<!--.*?-->|<\?.*?\?>|<!\[CDATA\[.*?\]\]>|<!|<", re.DOTALL
)
_DEPTH = 32
_ENTITIES = {"lt": "<", "gt": ">", "quot": '"', "apos": "'", "amp": "&"}
_ENTITY = re.compile(r"&(lt|gt|quot|apos|amp);")


def recognises(data: bytes) -> bool:
    """Tell whether `data` is XML whose first element is a Maven project."""
    head = data[:4096]
    return (
        b"\0" not in head
        and head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")
        and bool(_PROJECT.search(head))
    )


def unpack(name: str, data: bytes) -> Unpacked:
    """Read a project's own fields; what it inherits, and what it has placeholders for, is not known here."""
    if len(data) > _MAX_POM:
        raise Malformed("is too long for a project file")
    fields = _fields(text(data))
    missing = [key for key in ("groupId", "artifactId", "version") if not fields.get(key)]
    if missing:
        raise Malformed(f"gives no {missing[0]}")
    called = f"{fields['groupId']}:{fields['artifactId']}"
    return Unpacked("pom", called, fields["version"], fields, (Entry(name, data),))


def _fields(xml: str) -> dict[str, str]:
    """Return the texts of the elements right below the project, of each name the first.

    Not by an XML parser: what a document type declares can make those read what is not in the file.
    """
    found: dict[str, str] = {}
    path: list[str] = []
    start = 0
    for part in _PART.finditer(xml):
        closing, tag, empty = part.groups()
        if tag is None:
            if part[0] in {"<", "<!"}:
                raise Malformed("is no XML of a project")
            continue
        if not closing:
            path += [] if empty else [tag]
            start = part.end()
        elif path[-1:] != [tag]:
            raise Malformed(f"</{tag}> closes another element")
        else:
            if path[:-1] == ["project"] and "<" not in xml[start : part.start()]:
                found.setdefault(tag, _plain(xml[start : part.start()]))
            path.pop()
        if len(path) > _DEPTH:
            raise Malformed("is nested too deeply")
    if path or not found:
        raise Malformed("is no XML of a project")
    return found


def _plain(value: str) -> str:
    return _ENTITY.sub(lambda found: _ENTITIES[found[1]], value).strip()
