"""The installer of a package's certificates: what its tables hold.

Each certificate is a component with an identity of its own, the same in every organisation's installer and
every release: Windows counts who has installed it, and removes it with the last. Two values belong to it: the
store's Blob, and a note that an installer of ours has put it there. What is there without the note came by
other ways: the component's condition leaves it alone.
"""

from __future__ import annotations

import hashlib
import uuid
from typing import TYPE_CHECKING

from builder.errors import ReleaseError
from builder.formats.control import Unwritable, line, maintainer
from builder.formats.msi import summary
from builder.formats.msi.version import product_version
from builder.formats.windows import stores
from builder.model.release import stored

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from builder.formats.msi.database import Cell
    from builder.formats.windows.stores import StoredCertificate
    from builder.model import Package
    from builder.model.release import Release

# Namespaces of UUIDs of version 5: what is made of the same words is the same in every release.
_UPGRADES = uuid.UUID("6c1b4d2a-6f0b-5c1e-9a41-0f5a3f1f7f10")
_PRODUCTS = uuid.UUID("1f0a5a5e-9a0c-5b57-8d0b-b9d6f7a0c211")
_COMPONENTS = uuid.UUID("b2f4f0c7-3c37-5d29-a3ff-6d6a6b8e5c12")
_PACKAGES = uuid.UUID("f1d0c6b4-7b1b-5f58-bc3e-2c9d5c5c8a13")

NOTES = r"SOFTWARE\trustpack\Installers"
NOTE = "Installed"
PACKAGE, RELEASE = "TrustpackPackage", "TrustpackRelease"  # properties by which a package is told
_LOCAL_MACHINE = 2
_KEY_PATH_IN_REGISTRY, _SIXTY_FOUR = 4, 256  # of a component
_RAW, _LOCATED_SIXTY_FOUR = 2, 16  # of a search in the registry
_MIGRATE, _ONLY_DETECT = 1, 2  # of a row of Upgrade
_ENGLISH = "1033"
_OLDER, _NEWER = "TRUSTPACK_OLDER", "TRUSTPACK_NEWER"
_FEATURE, _DIRECTORY = "Certificates", "TARGETDIR"
# Numbers are those of "Suggested InstallExecuteSequence". AppSearch runs only where the work is done, for its
# answers are not handed over from a user's session. An older release is removed after the newer one is there,
# in one transaction: there is no moment without the roots that both have.
_COSTS = {"CostInitialize": 800, "FileCost": 900, "CostFinalize": 1000}
_ADMINISTERED = {**_COSTS, "InstallValidate": 1400, "InstallInitialize": 1500, "InstallFinalize": 6600}
_SEQUENCES: Mapping[str, Mapping[str, int]] = {
    "AdminExecuteSequence": {**_ADMINISTERED, "InstallAdminPackage": 3900},
    "AdminUISequence": {**_COSTS, "ExecuteAction": 1300},
    "AdvtExecuteSequence": {
        "CostInitialize": 800,
        "CostFinalize": 1000,
        "InstallValidate": 1400,
        "InstallInitialize": 1500,
        "PublishFeatures": 6300,
        "PublishProduct": 6400,
        "InstallFinalize": 6600,
    },
    "InstallExecuteSequence": {
        "FindRelatedProducts": 25,
        "AppSearch": 50,
        "LaunchConditions": 100,
        "ValidateProductID": 700,
        **_COSTS,
        "MigrateFeatureStates": 1200,
        "InstallValidate": 1400,
        "InstallInitialize": 1500,
        "ProcessComponents": 1600,
        "UnpublishFeatures": 1800,
        "RemoveRegistryValues": 2600,
        "WriteRegistryValues": 5000,
        "RegisterUser": 6000,
        "RegisterProduct": 6100,
        "PublishFeatures": 6300,
        "PublishProduct": 6400,
        "InstallExecute": 6500,
        "RemoveExistingProducts": 6550,
        "InstallFinalize": 6600,
    },
    "InstallUISequence": {
        "FindRelatedProducts": 25,
        "LaunchConditions": 100,
        "ValidateProductID": 700,
        **_COSTS,
        "MigrateFeatureStates": 1200,
        "ExecuteAction": 1300,
    },
}

Rows = tuple[tuple["Cell", ...], ...]


def rows(package: Package) -> Mapping[str, Rows]:
    """Return the rows of each table that has any; raise Unwritable for what Windows Installer cannot hold."""
    version = product_version(_release(package))
    certificates = stores.stored(package.files)
    for one in certificates:
        if not one.path.startswith(f"{stores.MACHINE}/"):
            raise Unwritable(f"'{one.path}' is not the machine's")
    upgrade = _guid(_UPGRADES, package.name)
    searched = [(_found(one), _searched(one)) for one in certificates]
    searched += [(_noted(one), f"Note.{_called(one)}") for one in certificates]
    sequences = {
        name: tuple((action, None, number) for action, number in actions.items())
        for name, actions in _SEQUENCES.items()
    }
    return {
        **sequences,
        "AppSearch": tuple(searched),
        "Component": tuple(map(_component, certificates)),
        "Directory": ((_DIRECTORY, None, "SourceDir"),),
        "Feature": ((_FEATURE, None, "Certificates", None, 2, 1, None, 0),),
        "FeatureComponents": tuple((_FEATURE, _called(one)) for one in certificates),
        "LaunchCondition": ((f"NOT {_NEWER}", "A newer release of [ProductName] is installed already."),),
        "Property": tuple(sorted(_properties(package, version, upgrade).items())),
        "RegLocator": tuple(row for one in certificates for row in _locators(one)),
        "Registry": tuple(row for one in certificates for row in _values(one)),
        "Upgrade": (
            (upgrade, None, version, None, _MIGRATE, None, _OLDER),
            (upgrade, version, None, None, _ONLY_DETECT, None, _NEWER),
        ),
    }


def _release(package: Package) -> Release:
    try:
        return stored(package.version)
    except ReleaseError:
        raise Unwritable(f"version '{package.version}' is no release, of which an MSI's is made") from None


def _guid(namespace: uuid.UUID, name: str) -> str:
    return f"{{{uuid.uuid5(namespace, name)}}}".upper()


def _called(one: StoredCertificate) -> str:
    return f"{one.store}.{one.thumbprint}"


def _searched(one: StoredCertificate) -> str:
    return f"{stores.VALUE}.{_called(one)}"


def _found(one: StoredCertificate) -> str:
    return f"FOUND_{one.store}_{one.thumbprint}".upper()


def _noted(one: StoredCertificate) -> str:
    return f"NOTED_{one.store}_{one.thumbprint}".upper()


def _key(one: StoredCertificate) -> str:
    return one.path.removeprefix(f"{stores.MACHINE}/").replace("/", "\\")


def _note(one: StoredCertificate) -> str:
    return f"{NOTES}\\{one.store}\\{one.thumbprint}"


def _component(one: StoredCertificate) -> tuple[Cell, ...]:
    identity = _guid(_COMPONENTS, f"{one.store}/{one.thumbprint}")
    kind = _KEY_PATH_IN_REGISTRY | _SIXTY_FOUR
    condition = f"NOT {_found(one)} OR {_noted(one)}"
    return _called(one), identity, _DIRECTORY, kind, condition, _called(one)


def _values(one: StoredCertificate) -> Rows:
    called = _called(one)
    return (
        (called, _LOCAL_MACHINE, _key(one), stores.VALUE, f"#x{one.blob.hex().upper()}", called),
        (f"Note.{called}", _LOCAL_MACHINE, _note(one), NOTE, "#1", called),
    )


def _locators(one: StoredCertificate) -> Rows:
    kind = _RAW | _LOCATED_SIXTY_FOUR
    return (
        (_searched(one), _LOCAL_MACHINE, _key(one), stores.VALUE, kind),
        (f"Note.{_called(one)}", _LOCAL_MACHINE, _note(one), NOTE, kind),
    )


def _properties(package: Package, version: str, upgrade: str) -> Mapping[str, str]:
    organisation = package.organisation
    return {
        "ALLUSERS": "1",
        "ARPCOMMENTS": line("summary", organisation.summary),
        "ARPCONTACT": maintainer(package),
        "ARPHELPLINK": line("homepage", organisation.homepage),
        "ARPNOMODIFY": "1",
        "Manufacturer": line("name", organisation.name),
        "ProductCode": _guid(_PRODUCTS, f"{package.name}/{package.version}"),
        "ProductLanguage": _ENGLISH,
        "ProductName": package.metadata["product"],
        "ProductVersion": version,
        "SecureCustomProperties": f"{_NEWER};{_OLDER}",
        PACKAGE: package.name,
        RELEASE: package.version,
        "UpgradeCode": upgrade,
    }


def codepage(texts: Iterable[Cell]) -> int:
    """Return the code page that has all letters of these texts: Western Europe's, else UTF-8."""
    try:
        "".join(text for text in texts if isinstance(text, str)).encode("cp1252")
    except UnicodeEncodeError:
        return 65001
    return 1252


def described(package: Package, page: int, content: Sequence[bytes]) -> Mapping[int, str | int]:
    """Return the summary of the installer; what it holds beside that tells it from every other one."""
    found = hashlib.sha256()
    for part in content:
        found.update(len(part).to_bytes(8, "little") + part)
    product = package.metadata["product"]
    return {
        summary.CODEPAGE: page,
        summary.TITLE: "Installation Database",
        summary.SUBJECT: product,
        summary.AUTHOR: package.organisation.name,
        summary.KEYWORDS: "Installer",
        summary.COMMENTS: package.organisation.summary,
        summary.TEMPLATE: f"x64;{_ENGLISH}",
        summary.REVISION: _guid(_PACKAGES, found.hexdigest()),
        summary.CREATED: package.epoch,
        summary.SAVED: package.epoch,
        summary.PAGES: 200,  # Windows Installer 2.0, the first that knows 64 bits
        summary.WORDS: 2,  # long names, compressed
        summary.APPLICATION: "trustpack",
        summary.SECURITY: 2,  # better only read
    }
