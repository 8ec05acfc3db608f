"""The tables of our Windows Installer packages, as the "Installer Database Reference" describes them.

A column is spelled name, kind (s text, l text of a language, i number; in upper case where it may be empty),
size, * where it is part of the key, and after = what it holds: a category of text, or >Table.Column's number.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from builder.formats.msi.database import Table, columns

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from builder.formats.msi.database import Cell

_SEQUENCE = "Action:s72*=Identifier Condition:S255=Condition Sequence:I2"
_TABLES: Mapping[str, str] = {
    "AdminExecuteSequence": _SEQUENCE,
    "AdminUISequence": _SEQUENCE,
    "AdvtExecuteSequence": _SEQUENCE,
    "AppSearch": "Property:s72*=Identifier Signature_:s72*=Identifier",
    "Component": "Component:s72*=Identifier ComponentId:S38=Guid Directory_:s72=>Directory Attributes:i2 "
    "Condition:S255=Condition KeyPath:S72=Identifier",
    "Directory": "Directory:s72*=Identifier Directory_Parent:S72=>Directory DefaultDir:l255=DefaultDir",
    "Feature": "Feature:s38*=Identifier Feature_Parent:S38=>Feature Title:L64=Text Description:L255=Text "
    "Display:I2 Level:i2 Directory_:S72=>Directory Attributes:i2",
    "FeatureComponents": "Feature_:s38*=>Feature Component_:s72*=>Component",
    "File": "File:s72*=Identifier Component_:s72=>Component FileName:l255=Filename FileSize:i4 "
    "Version:S72=Version Language:S20=Language Attributes:I2 Sequence:i4",
    "InstallExecuteSequence": _SEQUENCE,
    "InstallUISequence": _SEQUENCE,
    "LaunchCondition": "Condition:s255*=Condition Description:l255=Formatted",
    "Media": "DiskId:i2* LastSequence:i4 DiskPrompt:L64=Text Cabinet:S255=Cabinet VolumeLabel:S32=Text "
    "Source:S72=Property",
    "Property": "Property:s72*=Identifier Value:l0=Text",
    "RegLocator": "Signature_:s72*=Identifier Root:i2 Key:s255=RegPath Name:S255=Formatted Type:I2",
    "Registry": "Registry:s72*=Identifier Root:i2 Key:l255=RegPath Name:L255=Formatted Value:L0=Formatted "
    "Component_:s72=>Component",
    "Upgrade": "UpgradeCode:s38*=Guid VersionMin:S20*=Text VersionMax:S20*=Text Language:S255*=Language "
    "Attributes:i4* Remove:S255=Formatted ActionProperty:s72=UpperCase",
    "_Validation": "Table:s32*=Identifier Column:s32*=Identifier Nullable:s4 MinValue:I4 MaxValue:I4 "
    "KeyTable:S255=Identifier KeyColumn:I2 Category:S32 Set:S255=Text Description:S255=Text",
}
_COLUMN = re.compile(r"(\S+?):([A-Za-z])\d+\*?(?:=(>?)(\S+))?")
_NULLABLE_SETS = {"Nullable": "Y;N;@"}


def filled(rows: Mapping[str, tuple[tuple[Cell, ...], ...]]) -> Mapping[str, Table]:
    """Return every table with its rows, those without any too, and what their columns may hold."""
    rows = {**rows, "_Validation": tuple(_validation())}
    return {name: Table(columns(spelled), rows.get(name, ())) for name, spelled in _TABLES.items()}


def _validation() -> Iterator[tuple[Cell, ...]]:
    for table, spelled in _TABLES.items():
        for name, kind, foreign, what in _COLUMN.findall(spelled):
            key = (what, 1, "Identifier") if foreign else (None, None, what or None)
            nullable = "Y" if kind.isupper() else "N"
            yield (table, name, nullable, None, None, *key, _NULLABLE_SETS.get(name), None)
