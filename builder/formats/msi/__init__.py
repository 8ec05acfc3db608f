"""Windows Installer packages (.msi) that put certificates into stores: a database in a compound file.

They hold no files and no programs: Windows Installer itself writes the values, and takes them away.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from builder.formats.compression import LIMIT
from builder.formats.metadata import LINE
from builder.formats.msi import cfb, database, names, product, schema, summary
from builder.formats.unpacked import Entry, Malformed, Unpacked
from builder.formats.windows import stores

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from builder.formats.metadata import MetadataKey
    from builder.formats.msi.database import Table
    from builder.model import Package

SCRIPTS: frozenset[str] = frozenset()
METADATA: Mapping[str, MetadataKey] = {"product": LINE}

_CLSID = bytes.fromhex("84100c0000000000c000000000000046")  # of an installer package
_ROOTS = {0: "HKEY_CLASSES_ROOT", 1: "HKEY_CURRENT_USER", 2: stores.MACHINE, 3: "HKEY_USERS"}
_BINARY = "#x"
_SUMMARISED = {summary.SUBJECT: "Subject", summary.AUTHOR: "Author", summary.TEMPLATE: "Template",
               summary.REVISION: "PackageCode", summary.APPLICATION: "Application"}  # fmt: skip


def write(package: Package) -> bytes:
    """Return the installer of a package whose files are certificates, each at its key of the registry."""
    tables = schema.filled(product.rows(package))
    texts = [cell for table in tables.values() for row in table.rows for cell in row]
    page = product.codepage(texts)
    streams = database.write(tables, page)
    told = product.described(package, page, [part for pair in sorted(streams.items()) for part in (
        pair[0].encode("utf-8"), pair[1])])  # fmt: skip
    encoding = "utf-8" if page == 65001 else f"cp{page}"  # noqa: PLR2004  a code page
    return cfb.write(cfb.CompoundFile(_CLSID, {summary.STREAM: summary.write(told, encoding), **streams}))


def recognises(data: bytes) -> bool:
    """Tell whether `data` is a compound file: other programs' documents are such files, too."""
    return data.startswith(cfb.SIGNATURE) and data.find(names.encoded("_StringPool").encode("utf-16-le")) >= 0


def unpack(name: str, data: bytes) -> Unpacked:
    """Read an installer: the certificates that it puts into stores, its tables as text, and what it runs."""
    del name
    if len(data) > LIMIT:
        raise Malformed("is longer than inspect reads")
    file = cfb.read(data)
    tables = database.read(file.streams)
    # Few bytes name a long text again and again.
    cells = (cell for table in tables.values() for row in table.rows for cell in row)
    if sum(len(cell) for cell in cells if isinstance(cell, str)) > LIMIT:
        raise Malformed("unpacks to more than inspect reads")
    properties = {str(row[0]): str(row[1]) for row in _rows(tables, "Property", 2)}
    told = summary.read(file.streams.get(summary.STREAM, b""))
    metadata = {name: str(told[key]) for key, name in _SUMMARISED.items() if key in told} | properties
    called = properties.get(product.PACKAGE) or properties.get("ProductName", "")
    version = properties.get(product.RELEASE) or properties.get("ProductVersion", "")
    scripts = {str(row[0]): "\n".join(map(_shown, row[1:])) for row in _rows(tables, "CustomAction", 4)}
    return Unpacked("msi", called, version, metadata, tuple(_entries(tables)), scripts)


def _rows(tables: Mapping[str, Table], name: str, width: int) -> Iterator[tuple[database.Cell, ...]]:
    """Yield a table's rows; one that has fewer columns than it must is another's."""
    table = tables.get(name)
    if table is not None and len(table.columns) >= width:
        yield from table.rows


def _entries(tables: Mapping[str, Table]) -> Iterator[Entry]:
    for _, root, key, value, data, *_ in _rows(tables, "Registry", 6):
        path = f"{_ROOTS.get(root if isinstance(root, int) else -1, root)}/{str(key).replace(chr(92), '/')}"
        if stores.is_placed(path) and stores.is_value(str(value)):
            yield stores.entry(path, _bytes(path, data))
    for name, table in sorted(tables.items()):
        if table.rows:
            lines = ("\t".join(map(_shown, row)) for row in table.rows)
            heads = "\t".join(column.name for column in table.columns)
            yield Entry(f"tables/{name}.txt", "\n".join([heads, *lines, ""]).encode("utf-8", "replace"))


def _bytes(path: str, value: database.Cell) -> bytes:
    """Return the bytes that a value of the registry is made of, as the table spells them."""
    try:
        if isinstance(value, str) and value.startswith(_BINARY):
            return bytes.fromhex(value.removeprefix(_BINARY))
    except ValueError:
        pass
    raise Malformed(f"{path}: its value is no list of bytes")


def _shown(cell: database.Cell) -> str:
    """Return a cell on one line: what would end it, or the cell, is escaped."""
    text = "" if cell is None else str(cell)
    return text.encode("unicode_escape").decode("ascii") if not text.isprintable() else text
