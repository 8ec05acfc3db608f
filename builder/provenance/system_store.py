"""The stores that a system's programs read roots from have a release's CAs, and none that it distrusts."""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING

from builder import inspect
from builder.formats.unpacked import Malformed
from builder.inspect.certificates import held
from builder.provenance.verification import Discrepancy, Examination
from builder.text import files

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from builder.provenance.installed_files import InstalledCopy
    from builder.release.manifest import Manifest

# The files of all roots, as the systems' own tools make them: Debian and Alpine, Fedora, openSUSE.
_STORES = {
    "deb": ("etc/ssl/certs/ca-certificates.crt",),
    "apk": ("etc/ssl/certs/ca-certificates.crt",),
    "rpm": ("etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", "var/lib/ca-certificates/ca-bundle.pem"),
}
# Links to these which programs read, unless somebody has made files of them.
_ALIASES = (
    *("etc/ssl/cert.pem", "usr/lib/ssl/cert.pem"),
    *("etc/pki/tls/cert.pem", "etc/pki/tls/certs/ca-bundle.crt"),
)
# OpenSSL's own folder of them, where each has a link by its name's digest; small images have none.
_HASHED, _HASHING, _LINK = "etc/ssl/certs", ("deb", "apk"), re.compile(r"[0-9a-f]{8}\.[0-9]+")
# Debian's CAs that are to be trusted, of those in its folder: a line each, with ! before it where one is not.
_FOLDER, _LIST = "usr/share/ca-certificates/", "etc/ca-certificates.conf"


def verify(copy: InstalledCopy, manifest: Manifest) -> tuple[list[Discrepancy], list[Examination]]:
    """Return what is wrong with the system's stores, and which of them were looked at, and which were not."""
    wanted = {one.sha256 for one in manifest.certificates}
    blocked = {one.sha256 for one in manifest.distrusted}
    wrong = list(_list(copy)) if copy.format == "deb" else []
    stores, unreadable = _stores(copy)
    wrong += unreadable
    if not (stores or unreadable):
        first = str(copy.folder / _STORES[copy.format][0])
        wrong.append(Discrepancy(first, "is missing: programs find no CA"))
    hashed = _hashed(copy) if copy.format in _HASHING else None
    for where, there in {**stores, **(hashed or {})}.items():
        wrong += [Discrepancy(where, f"lacks the CA {one}") for one in sorted(wanted - there)]
        wrong += [Discrepancy(where, f"has the distrusted CA {one}") for one in sorted(blocked & there)]
    looked = " and ".join([*stores, *(hashed or ())])
    examined = [Examination("certificates", True, f"{len(wanted)} CAs in {looked}")] if looked else []
    if hashed is not None and not hashed:
        said = f"no CA looked for by its digest in {copy.folder / _HASHED}, as it has none"
        examined.append(Examination("certificates", False, said))
    return wrong, examined


def _stores(copy: InstalledCopy) -> tuple[Mapping[str, set[str]], list[Discrepancy]]:
    """Return the files that programs read roots from, each with these, and which cannot be read."""
    found: dict[str, set[str]] = {}
    wrong: list[Discrepancy] = []
    for path in (*_STORES[copy.format], *_ALIASES):
        where = str(copy.folder / path)
        try:
            found[where] = _roots(copy, path)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            wrong.append(Discrepancy(where, f"cannot be read: {error.strerror or error}"))
    return found, wrong


def _hashed(copy: InstalledCopy) -> Mapping[str, set[str]]:
    """Return the fingerprints of the CAs in OpenSSL's folder, where it has any links."""
    there: set[str] = set()
    try:
        names = [one.name for one in copy.at(_HASHED, followed=True).iterdir() if _LINK.fullmatch(one.name)]
    except OSError:  # which the files of all roots tell
        names = []
    for name in names:
        with contextlib.suppress(OSError):  # one that leads nowhere has no CA
            there |= _roots(copy, f"{_HASHED}/{name}")
    return {str(copy.folder / _HASHED): there} if names else {}


def _roots(copy: InstalledCopy, path: str) -> set[str]:
    try:
        found = held(path, files.read(copy.at(path, followed=True)))
    except Malformed:
        return set()  # nobody reads it: then the CAs are missing
    return {one.certificate.sha256 for one in found if isinstance(one, inspect.Held)}


def _list(copy: InstalledCopy) -> Iterator[Discrepancy]:
    """Yield what keeps the next update-ca-certificates from trusting a CA, whatever the store has today."""
    where = str(copy.folder / _LIST)
    try:
        lines = files.read(copy.at(_LIST, followed=True)).decode("utf-8", "replace").splitlines()
    except OSError as error:
        yield Discrepancy(where, f"cannot be read: {error.strerror or error}")
        return
    for path in copy.expected:
        name = path.removeprefix(_FOLDER)
        if name == path:
            continue
        if f"!{name}" in lines:
            yield Discrepancy(where, f"deselects {name}: the next update takes that CA out of the store")
        elif name not in lines:
            yield Discrepancy(where, f"does not list {name}: the next update takes that CA out of the store")
