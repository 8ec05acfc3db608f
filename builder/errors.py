"""Every error trustpack raises on purpose: one tree, each class with its exit code.

A message reads "<where>: <what is wrong>", lower case, no full stop; `hint` says what to do next.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


_MOST = 50  # errors of one file that somebody reads at once


class TrustpackError(Exception):
    """An error the user can act on; `exit_code` is the command's status.

    One that tells several at once has them as `parts`, whose texts are the lines below its first.
    """

    exit_code = 1

    def __init__(self, message: str, *, hint: str = "", parts: Sequence[TrustpackError] = ()) -> None:
        super().__init__(message)
        self.hint = hint
        self.parts = tuple(parts)


class UsageError(TrustpackError):
    """The command line asks for something that does not exist."""

    exit_code = 2


class ConfigError(TrustpackError):
    """trustpack.yaml, a recipe or a template is wrong."""

    exit_code = 3


class BundleError(TrustpackError):
    """The CA bundle cannot be accepted."""

    exit_code = 4


class PrivateKeyError(BundleError):
    """The input holds a private key; nothing of it is shown or written."""

    exit_code = 5


class ReleaseError(TrustpackError):
    """The release version is malformed, or names other content already."""

    exit_code = 6


class ToolError(TrustpackError):
    """A program trustpack runs is missing or failed."""

    exit_code = 7


class OutputError(TrustpackError):
    """A file, a folder or a store cannot be read or written as asked."""

    exit_code = 8


class ProofError(TrustpackError):
    """A client did not trust, or did not stop trusting, as a package promises."""

    exit_code = 9


class PackageError(TrustpackError):
    """A file is no readable package, or contradicts itself."""

    exit_code = 10


class NotAPackageError(PackageError):
    """A file is in none of the formats that inspect reads."""


class LockError(TrustpackError):
    """The bundle or how packages are made is not what trustpack.lock pins, or it cannot be understood."""

    exit_code = 11


class SignatureError(TrustpackError):
    """A key cannot sign, or a signature is not by a key that was to make it."""

    exit_code = 12


class SiteError(TrustpackError):
    """A site or a release is missing, is damaged, or is not the one that it was taken for."""

    exit_code = 13


class PublishError(TrustpackError):
    """A registry refuses what is sent to it, has something else under that name, or does not answer."""

    exit_code = 14


class VerificationError(TrustpackError):
    """What was published or installed is not what it says, or nobody could vouch for it."""

    exit_code = 15


class HostsError(TrustpackError):
    """Too few hosts have what a step needs, or a report on hosts is none."""

    exit_code = 16


def together(where: str, errors: Sequence[ConfigError]) -> ConfigError:
    """Return one error that tells all of `errors`, at least one, about the file `where`."""
    if len(errors) == 1:
        return errors[0]
    lines = [f"{error} ({error.hint})" if error.hint else str(error) for error in errors[:_MOST]]
    if len(errors) > _MOST:
        lines.append(f"and {len(errors) - _MOST} more")
    return ConfigError("\n  ".join((f"{where}: has {len(errors)} errors:", *lines)), parts=errors)
