"""Windows' installers and scripts beside what other readers and writers make of the same."""

from __future__ import annotations

import shutil
import uuid
from pathlib import Path
from typing import TYPE_CHECKING
from xml.sax.saxutils import quoteattr

import olefile
import pytest

from builder.formats.msi import cfb, product
from tests import powershell
from tests.packages import windows
from tests.packages.built import DEMO, NOW, run, trustpack
from tests.tools import require

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.packages.built import Built

_TEMPLATES = Path(__file__).parents[2] / "templates" / "windows"
# wixl writes a backslash behind each key, and calls by names of its own which releases it finds.
_CALLED = {"WIX_DOWNGRADE_DETECTED": "TRUSTPACK_NEWER", "WIX_UPGRADE_DETECTED": "TRUSTPACK_OLDER"}
# It has no words for conditions of components, nor for when an older release goes; it searches in the user's
# session, too, and would unpack files where there are none.
_OURS_ALONE = {"InstallExecuteSequence": {"InstallExecute", "RemoveExistingProducts"}}
_THEIRS_ALONE = {
    "AdminExecuteSequence": {"InstallFiles"},
    "InstallExecuteSequence": {"RemoveExistingProducts"},
    "InstallUISequence": {"AppSearch"},
}
_CONDITION = 4  # of a component: the column


def _wix(tables: dict[str, list[list[str]]]) -> str:
    """Return the same product in WiX's words."""
    properties = dict(tables["Property"][1:])
    named = {
        "Id": properties["ProductCode"].strip("{}"),
        "UpgradeCode": properties["UpgradeCode"].strip("{}"),
        "Name": properties["ProductName"],
        "Language": "1033",
        "Version": properties["ProductVersion"],
        "Manufacturer": properties["Manufacturer"],
    }
    found = "".join(f" {key}={quoteattr(value)}" for key, value in named.items())
    return (
        f'<Wix xmlns="http://schemas.microsoft.com/wix/2006/wi"><Product{found}>'
        '<Package InstallerVersion="200" Compressed="yes" InstallScope="perMachine"/>'
        '<MajorUpgrade DowngradeErrorMessage="A newer release of [ProductName] is installed already."/>'
        + "".join(_wix_properties(tables, properties))
        + '<Directory Id="TARGETDIR" Name="SourceDir">'
        + "".join(_wix_components(tables))
        + '</Directory><Feature Id="Certificates" Title="Certificates" Level="1">'
        + "".join(f"<ComponentRef Id={quoteattr(row[0])}/>" for row in tables["Component"][1:])
        + "</Feature></Product></Wix>"
    )


def _wix_properties(tables: dict[str, list[list[str]]], properties: dict[str, str]) -> Iterator[str]:
    for key in ("ARPCOMMENTS", "ARPCONTACT", "ARPHELPLINK", "ARPNOMODIFY", product.PACKAGE, product.RELEASE):
        yield f"<Property Id={quoteattr(key)} Value={quoteattr(properties[key])}/>"
    locators = {row[0]: row for row in tables["RegLocator"][1:]}
    for name, signature in tables["AppSearch"][1:]:
        _, _, key, value, _ = locators[signature]
        where = f'Root="HKLM" Key={quoteattr(key)} Name={quoteattr(value)} Type="raw" Win64="yes"'
        yield f"<Property Id={quoteattr(name)}><RegistrySearch Id={quoteattr(signature)} {where}/></Property>"


def _wix_components(tables: dict[str, list[list[str]]]) -> Iterator[str]:
    for component, guid, *_ in tables["Component"][1:]:
        yield f'<Component Id={quoteattr(component)} Guid="{guid.strip("{}")}" Win64="yes">'
        for name, _, key, value, data, owner in tables["Registry"][1:]:
            if owner == component:
                path = ' KeyPath="yes"' if name == component else ""
                yield f'<RegistryKey Root="HKLM" Key={quoteattr(key)}>'
                said = f"Id={quoteattr(name)} Name={quoteattr(value)}{path}"
                yield f"<RegistryValue {said} {_wix_value(data)}/>"
                yield "</RegistryKey>"
        yield "</Component>"


def _wix_value(data: str) -> str:
    """Return a value's type and data: wixl writes the # of a number by itself, and the #x of bytes not."""
    if data.startswith("#x"):
        return f'Type="binary" Value="{data}"'
    return f'Type="integer" Value="{data.removeprefix("#")}"'


def test_an_installer_is_what_wixl_writes_of_the_same_product(demo: Built, tmp_path: Path) -> None:
    """Every column of every table, and every row, but for what wixl has no words for."""
    ours = windows.tables(demo.file("msi"))
    (tmp_path / "same.wxs").write_text(_wix(ours), "utf-8")
    run(require("wixl"), "--arch", "x64", "--output", tmp_path / "same.msi", tmp_path / "same.wxs")
    theirs = windows.tables(tmp_path / "same.msi")
    assert ours.keys() - theirs.keys() == {"_Validation"}
    for name in ours.keys() & theirs.keys():
        assert ours[name][0] == theirs[name][0], name
        assert _comparable(name, ours[name][1:], _OURS_ALONE) == _comparable(
            name, theirs[name][1:], _THEIRS_ALONE
        ), name
    assert [name for name in theirs.keys() - ours.keys() if theirs[name][1:]] == []


def _comparable(name: str, rows: list[list[str]], alone: dict[str, set[str]]) -> list[list[str]]:
    """Return a table's rows in one order, without what one side alone has, in our words."""
    found = [row for row in rows if row[0] not in alone.get(name, ())]
    if name == "Component":
        found = [[*row[:_CONDITION], "", *row[_CONDITION + 1 :]] for row in found]
    return sorted([_in_our_words(cell) for cell in row] for row in found)


def _in_our_words(cell: str) -> str:
    for theirs, ours in _CALLED.items():
        cell = cell.replace(theirs, ours)
    return cell.removesuffix("\\")


def test_the_summary_says_whose_installer_it_is(demo: Built) -> None:
    """As msitools reads it; its times are the release's."""
    told = run(require("msiinfo"), "suminfo", demo.file("msi"))
    fields = dict(line.split(": ", 1) for line in told.splitlines())
    code = fields.pop("Revision number (UUID)")
    assert uuid.UUID(code.strip("{}")).version == 5
    assert fields == {
        "Title": "Installation Database",
        "Subject": "Demo Corporation certificate authorities",
        "Author": "Demo Corporation",
        "Keywords": "Installer",
        "Comments": "CA certificates of Demo Corporation",
        "Template": "x64;1033",
        "Created": "Fri Jan  2 00:00:00 2026",
        "Last saved": "Fri Jan  2 00:00:00 2026",
        "Version": "200 (c8)",
        "Source": "2 (2)",
        "Application": "trustpack",
        "Security": "2 (2)",
    }


def test_another_reader_of_compound_files_agrees(built: Built) -> None:
    """Olefile finds no defect, the class of an installer, and the same streams."""
    file = built.file("msi")
    with olefile.OleFileIO(str(file), raise_defects=olefile.DEFECT_UNSURE) as opened:
        theirs = {"/".join(path): opened.openstream(path).read() for path in opened.listdir()}
        assert opened.parsing_issues == []
        assert opened.root.clsid == "000C1084-0000-0000-C000-000000000046"
    assert theirs == cfb.read(file.read_bytes()).streams


def test_a_certificate_has_the_same_component_in_every_organisations_installer(
    demo: Built, tmp_path: Path
) -> None:
    """So Windows counts who has installed it; an organisation's product is its own in each release."""
    shutil.copytree(DEMO, tmp_path / "other")
    config = tmp_path / "other" / "trustpack.yaml"
    config.write_text(config.read_text("utf-8").replace("slug: demo", "slug: other"), "utf-8")
    words = ("build", "--target", "msi", "--quiet", "--now", NOW)
    trustpack(*words, "--config", config, "--out", tmp_path / "one")
    trustpack(*words, "--config", DEMO / "trustpack.yaml", "--release", "20260103", "--out", tmp_path / "two")
    folders = (demo.folder, tmp_path / "one", tmp_path / "two")
    first, other, next_one = (windows.tables(next(folder.glob("*.msi"))) for folder in folders)
    assert first["Component"] == other["Component"] == next_one["Component"]
    assert _property(first, "UpgradeCode") == _property(next_one, "UpgradeCode")
    assert len({_property(each, "ProductCode") for each in (first, other, next_one)}) == 3
    assert len({_property(each, "UpgradeCode") for each in (first, other)}) == 2
    assert [_property(each, "ProductVersion") for each in (first, next_one)] == ["26.1.200", "26.1.300"]


def _property(tables: dict[str, list[list[str]]], name: str) -> str:
    return dict(tables["Property"][1:])[name]


@pytest.mark.parametrize("name", ["built", *sorted(path.name for path in _TEMPLATES.glob("*.ps1"))])
def test_powershell_parses(name: str, demo: Built) -> None:
    """By a grammar that is not Microsoft's, for PowerShell itself does not run here."""
    text = demo.file("windows", ".ps1").read_bytes() if name == "built" else (_TEMPLATES / name).read_bytes()
    assert powershell.faults(text) == []


def test_the_script_is_text_that_every_powershell_reads_alike(demo: Built) -> None:
    """Windows PowerShell takes a script without a mark for one in the machine's code page: so it is ASCII."""
    assert demo.file("windows", ".ps1").read_bytes().isascii()


def test_the_policy_is_for_the_key_that_group_policy_owns(demo: Built) -> None:
    """And the other ways are for the machine's own."""
    keys = {path.rpartition("/")[0] for path, _ in windows.policy(demo.file("windows", ".pol").read_bytes())}
    assert keys == {"SOFTWARE/Policies/Microsoft/SystemCertificates/Root/Certificates"}
    for file in (demo.file("msi"), demo.file("windows", f"certs-{_RELEASE}.reg")):
        (kind,) = [reader for ending, reader in _KEYS.items() if file.name.endswith(ending)]
        found = {path.rpartition("/")[0] for path in kind(file) if "SystemCertificates" in path}
        assert found == {"HKEY_LOCAL_MACHINE/SOFTWARE/Microsoft/SystemCertificates/Root/Certificates"}


_RELEASE = "20260102"
_KEYS: dict[str, Callable[[Path], list[str]]] = {
    ".msi": lambda file: [path for path, _ in windows.installer(file)],
    ".reg": lambda file: [path for path, _ in windows.registry(file.read_bytes())],
}
