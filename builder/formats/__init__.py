"""Package formats, each written and read in one place; nothing here knows of trust or starts a program.

What is written depends on the package alone: the same on every system and by every version of Python.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from builder.errors import ConfigError
from builder.formats import (
    apk,
    conda,
    deb,
    file,
    formula,
    gem,
    gomodule,
    jar,
    jks,
    manifest,
    mobileconfig,
    msi,
    npm,
    oci,
    pacman,
    pem,
    pom,
    pyz,
    rpm,
    tarball,
    wheel,
)
from builder.formats.control import Unwritable
from builder.formats.metadata import faults
from builder.formats.windows import intune, pol, powershell, reg
from builder.text.faults import Fault, nearest
from builder.text.quoting import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Any

    from builder.formats.metadata import MetadataKey
    from builder.formats.unpacked import Unpacked
    from builder.model import Package


class Writer(Protocol):
    """A format that packages are written in; SCRIPTS and METADATA are what it has room for beside files."""

    SCRIPTS: frozenset[str]
    METADATA: Mapping[str, MetadataKey]

    def write(self, package: Package) -> bytes:
        """Return the finished file; raise Unwritable for what it cannot hold."""
        ...


class Reader(Protocol):
    """A format that packages are read in: recognised by its bytes alone, whatever the file is called."""

    def recognises(self, data: bytes) -> bool:
        """Tell whether `data` is in this format, as far as its first bytes show."""
        ...

    def unpack(self, name: str, data: bytes) -> Unpacked:
        """Return what the package holds; raise Malformed where it contradicts itself or its format."""
        ...


# By the name that a recipe's `container` gives it.
WRITERS: Mapping[str, Writer] = {
    "apk": apk,
    "conda": conda,
    "deb": deb,
    "file": file,
    "gem": gem,
    "go": gomodule,
    "jar": jar,
    "jks": jks,
    "manifest": manifest,
    "mobileconfig": mobileconfig,
    "msi": msi,
    "oci": oci,
    "pacman": pacman,
    "pol": pol,
    "pyz": pyz,
    "reg": reg,
    "rpm": rpm,
    "tar": tarball,
    "wheel": wheel,
}
# The order matters where one format is a special case of a later one.
READERS: Mapping[str, Reader] = {
    "deb": deb,
    "rpm": rpm,
    "apk": apk,
    "pacman": pacman,
    "conda": conda,
    "go": gomodule,
    "wheel": wheel,
    "jar": jar,
    "pyz": pyz,
    "jks": jks,
    "npm": npm,
    "gem": gem,
    "oci": oci,
    "tarball": tarball,
    "formula": formula,
    "manifest": manifest,
    "pom": pom,
    "msi": msi,
    "reg": reg,
    "pol": pol,
    "powershell": powershell,
    "intune": intune,
    "mobileconfig": mobileconfig,
    "pem": pem,
}


def format_of(data: bytes) -> str:
    """Return the name of the first of READERS that recognises `data`, empty for none."""
    return next((name for name, reader in READERS.items() if reader.recognises(data)), "")


def write(package: Package) -> bytes:
    """Return the bytes of `package`; raise ConfigError, naming recipe and output, for what cannot be."""
    found = [*review(package.container, package.scripts, package.metadata, filled=True), *_unstarted(package)]
    if found:
        raise ConfigError(f"{package.where}: {found[0].message}", hint=found[0].hint)
    try:
        return WRITERS[package.container].write(package)
    except Unwritable as fault:
        raise ConfigError(f"{package.where}: {fault}", hint=fault.hint) from None


def review(
    container: str, scripts: Iterable[str], metadata: Mapping[str, Any], *, filled: bool = False
) -> Iterator[Fault]:
    """Yield what no package of a format could be written with; paths are those of a recipe's output.

    Before a recipe's texts are `filled`, they may hold {placeholders}.
    """
    writer = WRITERS.get(container)
    if writer is None:
        hint = nearest(container, WRITERS)
        yield Fault(("container",), f"container '{visible(container)}' is not known", hint)
        return
    what = f"container '{container}'"
    for script in scripts:
        if not writer.SCRIPTS:
            yield Fault(("scripts", script), f"{what} has no scripts")
        elif script not in writer.SCRIPTS:
            hint = nearest(script, writer.SCRIPTS)
            yield Fault(("scripts", script), f"{what} has no script '{visible(script)}'", hint)
    for fault in faults(writer.METADATA, metadata, what, filled=filled):
        yield Fault(("metadata", *fault.path), fault.message, fault.hint)


def _unstarted(package: Package) -> Iterator[Fault]:
    """Yield the scripts that do not say which program runs them."""
    for script, data in package.scripts.items():
        if not data.startswith((b"#!/", b"#! /")):
            yield Fault(("scripts", script), f"script {script}: does not start with #! and an absolute path")
