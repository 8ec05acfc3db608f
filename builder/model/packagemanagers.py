"""Package managers and their systems: what a testbed has to know of each, one row a family of programs.

A recipe names the row of the system that its package is for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping


class Commands(msgspec.Struct, frozen=True):
    """One program's commands; a file or a name is added to each. Our packages need nothing fetched."""

    program: str
    install: tuple[str, ...]
    upgrade: tuple[str, ...]
    remove: tuple[str, ...]


class PackageManager(msgspec.Struct, frozen=True):
    """A database of packages: the first of `programs` that a system has is used.

    `owned` is a command that prints something that starts with `installed` where ca-certificates is
    installed, as the database knows it. `store` are the files and folders that are the system's trust store:
    its sources, and what is made of them.
    """

    programs: tuple[Commands, ...]
    owned: tuple[str, ...]
    installed: str
    store: tuple[str, ...]


def _commands(program: str, options: tuple[str, ...], install: str, upgrade: str, remove: str) -> Commands:
    words = ((program, *options, *command.split()) for command in (install, upgrade, remove))
    return Commands(program, *words)


_DNF = ("--assumeyes", "--setopt=gpgcheck=0", "--setopt=reposdir=/var/empty")
_ZYPPER = ("--non-interactive", "--no-gpg-checks", "--no-remote")
_ZYPPER_IN = "install --allow-unsigned-rpm"

MANAGERS: Mapping[str, PackageManager] = {
    "apk": PackageManager(
        (_commands("apk", ("--no-network",), "add --allow-untrusted", "add --allow-untrusted", "del"),),
        ("apk", "info", "--installed", "ca-certificates"),
        "ca-certificates",
        # Not /usr/share/ca-certificates: what lies there is trusted only if the list says so.
        ("/etc/ca-certificates.conf", "/etc/ssl", "/usr/local/share/ca-certificates"),
    ),
    "apt": PackageManager(
        (_commands("apt-get", ("--yes",), "install", "install", "purge"),),
        ("dpkg-query", "--show", "--showformat=${db:Status-Status}", "ca-certificates"),
        "installed",
        ("/etc/ca-certificates.conf", "/etc/ssl", "/usr/local/share/ca-certificates"),
    ),
    "pacman": PackageManager(
        (_commands("pacman", ("--noconfirm",), "--upgrade", "--upgrade", "--remove"),),
        ("pacman", "--query", "ca-certificates-utils"),
        "ca-certificates-utils ",
        ("/etc/ca-certificates", "/etc/ssl", "/usr/share/ca-certificates/trust-source"),
    ),
    "rpm": PackageManager(
        (
            # The plugin `local` copies what is installed into a repository, and wants createrepo_c for it.
            _commands("dnf5", (*_DNF, "--disable-plugin=local"), "install", "upgrade", "remove"),
            _commands("dnf", _DNF, "install", "upgrade", "remove"),
            _commands("zypper", _ZYPPER, _ZYPPER_IN, _ZYPPER_IN, "remove"),
            _commands("rpm", (), "--install --nosignature", "--upgrade --nosignature", "--erase"),
        ),
        ("rpm", "--query", "ca-certificates"),
        "ca-certificates-",
        ("/etc/pki", "/etc/ssl", "/usr/share/pki", "/var/lib/ca-certificates"),
    ),
}
