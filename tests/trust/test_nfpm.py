"""Our packages and nfpm's of the same, installed by real package managers: the system then has the same.

What may differ in a manager's database differs in the packages, with its reason in `tests.nfpm.DIFFERENCES`.
apko's part is in `test_apko`.
"""

from __future__ import annotations

import contextlib
import io
import tarfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from builder import formats
from builder.prove.sandbox import Sandbox, open_sandbox
from builder.prove.store import snapshot
from tests import nfpm
from tests.packages import readers, samples
from tests.roots import root
from tests.trust.distributions import (
    DNF4,
    DNF5,
    FEDORA,
    OPENSUSE,
    RPM,
    ZYPPER,
    Distribution,
    Manager,
    disguise,
)
from tests.trust.prepared import keep_few_roots

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from builder.model import Package

# Of the moment of installation; and rpm 6 keeps the digest of the package's file, which is another one's.
_OF_THE_DAY = {"Installtime", "Installtid", "Packagedigests"}
# What the table knows by rpm 4's names has others in rpm 6.
_RENAMED = {"Payloadsha256": "Payloaddigest", "Payloadsha256alt": "Payloaddigestalt"}


@dataclass(frozen=True)
class System:
    """An open system, how it installs a file, and what its database says of a package."""

    sandbox: Sandbox
    container: str
    install: Sequence[str]
    verify: Sequence[str]
    recorded: Callable[[Sandbox, str], dict[str, Any]]

    def add(self, package: Package, write: Callable[[Package], bytes]) -> None:
        """Install a package, or upgrade to it."""
        file = f"/root/{package.version}.{self.container}"
        self.sandbox.copy_in(file, write(package))
        self.sandbox.run([*self.install, file], environment={"DEBIAN_FRONTEND": "noninteractive"})
        assert self.sandbox.run([*self.verify, package.name]).out == ""

    def database(self, package: Package) -> dict[str, Any]:
        """Return what the package manager knows of the installed package."""
        found = self.recorded(self.sandbox, package.name)
        return {_RENAMED.get(key, key): value for key, value in found.items() if key not in _OF_THE_DAY}

    def disk(self, package: Package) -> dict[str, Any]:
        """Return what lies where the package has files, with modes, owners and times, and the trust store."""
        found: dict[str, Any] = dict(snapshot(self.sandbox).certificates)
        tar = self.sandbox.archive([file.path for file in package.files])
        with tarfile.open(fileobj=io.BytesIO(tar)) as archive:
            for one in archive:
                read = archive.extractfile(one)
                owner, time = (one.uname, one.gname), one.mtime if read else None
                found[one.name] = (one.mode, owner, time, read and read.read())
        return found


def _rpm(sandbox: Sandbox, name: str) -> dict[str, Any]:
    return readers.rpm_tags(sandbox.run(["rpm", "--query", "--xml", name]).out)


def _deb(sandbox: Sandbox, name: str) -> dict[str, Any]:
    fields = readers.control_fields(sandbox.run(["dpkg-query", "--status", name]).out)
    fields.pop("Conffiles", "")  # what dpkg has read from the file of that name
    found: dict[str, Any] = {f"control: {key}": value for key, value in fields.items()}
    for path in sandbox.run(["sh", "-c", f"ls /var/lib/dpkg/info/{name}.*"]).out.split():
        found[f"control file {path.rpartition('.')[2]}"] = sandbox.read(path)
    for path in found.pop("control file list").decode("utf-8").splitlines():
        found[f"data .{path.removesuffix('.') if path == '/.' else path}"] = True
    return found


@contextlib.contextmanager
def _standin(manager: Manager, distribution: Distribution) -> Iterator[System]:
    with open_sandbox(root(manager.suite)) as sandbox:
        disguise(sandbox, manager, distribution)
        yield System(sandbox, "rpm", manager.install, RPM.verify, _rpm)


@contextlib.contextmanager
def _debian() -> Iterator[System]:
    with open_sandbox(root("bookworm")) as sandbox:
        keep_few_roots(sandbox)
        install = ("apt-get", "--yes", "--no-install-recommends", "install")
        yield System(sandbox, "deb", install, ("dpkg", "--verify"), _deb)


@pytest.mark.parametrize("make", samples.PACKAGES.values(), ids=samples.PACKAGES)
@pytest.mark.parametrize(
    "system",
    [
        pytest.param(lambda: _standin(DNF4, FEDORA), id="dnf4"),
        pytest.param(lambda: _standin(DNF5, FEDORA), id="dnf5"),
        pytest.param(lambda: _standin(ZYPPER, OPENSUSE), id="zypper"),
        pytest.param(_debian, id="apt-get"),
    ],
)
def test_the_system_has_the_same_of_both_and_goes_on_from_nfpms_to_ours(
    system: Callable[[], contextlib.AbstractContextManager[System]], make: Callable[[str], Package]
) -> None:
    """Files, owners, scripts and relations are the same; the next version leaves nothing of nfpm's."""
    with system() as one, system() as other:
        first = make(one.container)
        one.add(first, formats.write)
        other.add(first, nfpm.write)
        ours, theirs = one.database(first), other.database(first)
        differing = {key for key in ours.keys() | theirs.keys() if ours.get(key) != theirs.get(key)}
        assert differing - nfpm.explained(one.container) == set()
        assert one.disk(first) == other.disk(first)

        # dpkg leaves what it takes for configuration.
        gone = next(file for file in first.files if not file.path.startswith("/etc/"))
        assert f".{gone.path}" in other.disk(first)
        kept = tuple(file for file in first.files if file != gone)
        second = msgspec.structs.replace(first, version=f"{first.version}.1", files=kept)
        for each in (one, other):
            each.add(second, formats.write)
        assert one.database(second) == other.database(second)
        assert one.disk(first) == other.disk(first)
        assert f".{gone.path}" not in other.disk(first)
