"""The files of an installed package, as they lie in the system that has them: links lead as they do there."""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Mapping  # noqa: TC003  msgspec reads annotations at run time
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import msgspec

from builder.formats.unpacked import Entry  # noqa: TC001  as above
from builder.provenance.verification import Discrepancy, Examination
from builder.text import files

if TYPE_CHECKING:
    from collections.abc import Iterator

DOCS = "usr/share/doc/"  # which small images leave out
CACHE = "cache/"  # RubyGems' copies of what it has installed, which need not be kept
_LINKS = 40  # as Linux has it
_WRITABLE, _STICKY = 0o002, 0o1000
# What installers write into the folder of a wheel's metadata.
_INSTALLERS = re.compile(
    r"[^/]+\.dist-info/(INSTALLER|RECORD|REQUESTED|REFER_TO|direct_url\.json|uv_(build|cache)\.json)"
)
_COMPILED = re.compile(r"((?:.*/)?)__pycache__/([^/.]+)\.[^/]*\.pyc")


class InstalledCopy(msgspec.Struct, frozen=True):
    """A package as it should lie below a folder: its files by their paths from there.

    `folder` is in the system at `root`. `own` are the folders, from there, in which nothing else should be,
    and `scripts` what the package manager runs of it, by paths from there: empty where it has none.
    """

    file: str
    format: str
    root: Path
    folder: Path
    expected: Mapping[str, Entry]
    own: tuple[str, ...]
    scripts: Mapping[str, str] = {}

    @property
    def present(self) -> int:
        """How many of its files are there, whatever they hold."""
        return sum(self._has(path) for path in self.expected)

    @property
    def is_system(self) -> bool:
        """Whether it is a package of the system's: then its files' rights are the package's, too."""
        return self.root == self.folder

    def at(self, path: str, *, followed: bool = False) -> Path:
        """Return where a path from the folder leads in the system; raise OSError where links have no end.

        The last name's own link is `followed` or not.
        """
        below = self.folder.absolute().relative_to(self.root.absolute())
        return inside(self.root, f"{below.as_posix()}/{path}", followed=followed)

    def _has(self, path: str) -> bool:
        try:
            self.at(path).lstat()
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError:  # comparing tells
            return True
        return True


def inside(root: Path, path: str, *, followed: bool) -> Path:
    """Return where a path leads in the system at `root`, and not on the machine that looks at it."""
    there: list[str] = []
    left, links = list(reversed(_parts(path))), 0
    while left:
        part = left.pop()
        if part == "..":
            del there[-1:]
            continue
        here = root.joinpath(*there, part)
        if not (left or followed) or not _is_link(here):
            there.append(part)
            continue
        if (links := links + 1) > _LINKS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(here))
        target = os.readlink(here)  # noqa: PTH115  a Path would lose what a slash at the end says
        if target.startswith("/"):
            there = []
        left += reversed(_parts(target))
    return root.joinpath(*there)


def _parts(path: str) -> list[str]:
    return [part for part in PurePosixPath(path).parts if part != "/"]


def _is_link(path: Path) -> bool:
    try:
        return stat.S_ISLNK(path.lstat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False


def walk(top: Path) -> Iterator[tuple[Path, list[str], list[str]]]:
    """Yield each real folder below one, with its folders and with all else in it; raise OSError."""

    def fail(error: OSError) -> None:
        raise error

    for folder, folders, others in os.walk(top, onerror=fail):
        links = [name for name in folders if Path(folder, name).is_symlink()]
        yield Path(folder), [name for name in folders if name not in links], [*others, *links]


def compare(copy: InstalledCopy) -> tuple[list[Discrepancy], list[Examination]]:
    """Return what differs in an installed package, and what of it could not be compared."""
    wrong = [one for path, entry in copy.expected.items() for one in _file(copy, path, entry)]
    for path, text in copy.scripts.items():
        wrong += _script(copy, path, text)
    compiled = frozenset(_compiled(copy))
    for own in copy.own:
        wrong += _beside(copy, own, compiled)
    others = list(_other_versions(copy))
    if copy.format == "wheel":  # pip leaves one alone; with two nobody knows which one Python tells of
        wrong += [Discrepancy(str(copy.folder / one), f"is there beside {copy.file}") for one in others]
        others = []
    return wrong, list(_uncompared(copy, compiled, others))


def _file(copy: InstalledCopy, path: str, entry: Entry) -> Iterator[Discrepancy]:
    where = str(copy.folder / path)
    try:
        real = copy.at(path)
        found = real.lstat()
        if entry.kind == "link":
            if not stat.S_ISLNK(found.st_mode) or os.readlink(real) != entry.link:  # noqa: PTH115  as above
                yield Discrepancy(where, f"is not the link that {copy.file} has")
        elif not stat.S_ISREG(found.st_mode):
            yield Discrepancy(where, f"is no file, as {copy.file} has it")
        elif found.st_size != len(entry.data) or files.read(real, files.PACKAGE_BYTES) != entry.data:
            yield Discrepancy(where, f"holds something else than {copy.file} does")
        elif said := _rights(copy, entry.mode, found):
            yield Discrepancy(where, said)
    except (FileNotFoundError, NotADirectoryError):
        if not path.startswith((DOCS, CACHE)):
            yield Discrepancy(where, f"is missing, and in {copy.file}")
    except OSError as error:
        yield Discrepancy(where, f"cannot be read: {error.strerror or error}")


def _rights(copy: InstalledCopy, wanted: int, found: os.stat_result) -> str:
    """Return what is wrong with who may change a file; languages' installers set modes as they like."""
    mode = stat.S_IMODE(found.st_mode)
    if copy.is_system and mode != stat.S_IMODE(wanted):
        return f"has the mode {mode:04o}, and {copy.file} has {stat.S_IMODE(wanted):04o}"
    if copy.is_system and found.st_uid not in {0, copy.root.stat().st_uid}:
        return f"belongs to the user {found.st_uid}"
    return f"can be changed by everybody: its mode is {mode:04o}" if mode & _WRITABLE else ""


def _script(copy: InstalledCopy, path: str, text: str) -> Iterator[Discrepancy]:
    """Compare what dpkg runs of a package, where it has kept that."""
    where = str(copy.folder / path)
    try:
        data = files.read(copy.at(path))
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        yield Discrepancy(where, f"cannot be read: {error.strerror or error}")
        return
    if data != text.encode():
        said = f"is not the script that {copy.file} has" if text else f"is there, and not in {copy.file}"
        yield Discrepancy(where, said)


def _beside(copy: InstalledCopy, own: str, compiled: frozenset[str]) -> Iterator[Discrepancy]:
    """Yield what else is in a folder of the package's own than its files and what Python has made of them."""
    try:
        # pnpm and npm's workspaces have a link there, as Node follows it.
        top = copy.at(own, followed=copy.format == "npm")
        if _is_link(top):
            yield Discrepancy(str(copy.folder / own), f"is a link, and {copy.file} has a folder there")
            return
        for folder, _, others in walk(top):
            within = PurePosixPath(own) / folder.relative_to(top)
            if said := _open_to_all(folder):
                yield Discrepancy(str(copy.folder / within), said)
            for path in sorted(str(within / name) for name in others):
                made = copy.format == "wheel" and _INSTALLERS.fullmatch(path)
                if not (path in copy.expected or path in compiled or made):
                    yield Discrepancy(str(copy.folder / path), f"is there, and not in {copy.file}")
    except (FileNotFoundError, NotADirectoryError):
        return  # its files have been told already
    except OSError as error:
        yield Discrepancy(error.filename or str(copy.folder / own), f"cannot be read: {error.strerror}")


def _open_to_all(folder: Path) -> str:
    mode = stat.S_IMODE(folder.stat().st_mode)
    if mode & _WRITABLE and not mode & _STICKY:
        return f"can be changed by everybody: its mode is {mode:04o}"
    return ""


def _names(copy: InstalledCopy, path: str) -> list[str]:
    try:
        return sorted(one.name for one in copy.at(path, followed=True).iterdir())
    except OSError:
        return []


def _compiled(copy: InstalledCopy) -> Iterator[str]:
    """Yield the files that Python has compiled of a wheel's: their bytes depend on which Python it was."""
    if copy.format != "wheel":
        return
    for parent in sorted({path.rpartition("/")[0] for path in copy.expected if path.endswith(".py")}):
        for name in _names(copy, f"{parent}/__pycache__"):
            path = f"{parent}/__pycache__/{name}".lstrip("/")
            found = _COMPILED.fullmatch(path)
            if found and f"{found[1]}{found[2]}.py" in copy.expected:
                yield path


def _other_versions(copy: InstalledCopy) -> Iterator[str]:
    """Yield what other versions of a wheel or a gem have in the same folder."""
    for own in copy.own:
        parent, slash, name = own.rpartition("/")
        stem, dash, _ = name.rpartition("-")
        if copy.format == "gem" or (copy.format == "wheel" and name.endswith(".dist-info")):
            stem = stem if copy.format == "gem" else name.partition("-")[0]
            for each in _names(copy, parent):
                if each != name and re.match(rf"{re.escape(stem + dash)}[0-9]", each):
                    yield f"{parent}{slash}{each}"


def _uncompared(copy: InstalledCopy, compiled: frozenset[str], others: list[str]) -> Iterator[Examination]:
    """Yield what was not compared of a package, though programs may use it."""
    if compiled:
        said = (
            f"{len(compiled)} files that Python has compiled of {copy.file} not compared, and it runs them: "
            "remove them, and it makes them anew"
        )
        yield Examination("installed", False, said)
    if others:
        said = f"other versions beside {copy.file} not compared: {', '.join(others)}"
        yield Examination("installed", False, said)
    if copy.format == "gem":
        specification = f"specifications/{copy.own[0].rpartition('/')[2]}.gemspec"
        said = f"{copy.folder / specification} not compared, which RubyGems has written, and runs"
        yield Examination("installed", False, said)
