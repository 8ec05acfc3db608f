"""Make a folder of keys: the current generation and the next one, which clients know long before it signs."""

from __future__ import annotations

import errno
import json
import re
from typing import TYPE_CHECKING

import msgspec

from builder.errors import SignatureError
from builder.release import atomic
from builder.signing import armor, key_folder, private_file, statement_key
from builder.signing.generation import Wanted
from builder.signing.key_folder import INDEX, KeyFolder, KeysFile
from builder.signing.making import Making, made

if TYPE_CHECKING:
    from pathlib import Path

    from builder.signing.generation import Generation, MadeKeys, MadeStatementKey, Pair, State

_IGNORE = "# Keys are in no version control, not even those that are encrypted.\n*\n"
NEW_FILES = Wanted()
PUBLIC = 0o644


def create(
    folder: Path,
    *,
    organisation: str,
    user_id: str,
    time: int,
    password: str = "",
    wanted: tuple[Wanted, Wanted] = (NEW_FILES, NEW_FILES),
    signer: tuple[str, ...] = (),
    pairs: tuple[Pair | None, Pair | None] = (None, None),
) -> KeyFolder:
    """Make the new folder with a current and a next generation; raise SignatureError where there is one.

    `time` is in seconds since 1970; with a `password` the private keys are encrypted. `wanted` says where
    either's keys are, `signer` is the program that may have them. `pairs` are keys that are there already.
    """
    if folder.exists() or folder.is_symlink():
        raise _there_already(folder)
    try:
        with atomic.staged_folder(folder.parent, folder.name) as unfinished:
            atomic.put(unfinished / ".gitignore", _IGNORE.encode(), mode=PUBLIC)
            file = KeysFile(organisation=organisation, user_id=user_id, generations=())
            states: tuple[State, ...] = ("current", "next")
            for number, state, where, pair in zip((1, 2), states, wanted, pairs, strict=True):
                making = Making(file=file, number=number, state=state, time=time, signer=signer, pair=pair)
                new = made(making, where)
                for name, kept in files(new, organisation, password=password).items():
                    atomic.put(unfinished / name, kept.data, mode=kept.mode)
                file = msgspec.structs.replace(file, generations=(*file.generations, new.generation))
            atomic.put(unfinished / INDEX, index(file), mode=PUBLIC)
            unfinished.rename(folder)
            atomic.sync(folder.parent)
    except OSError as error:
        if error.errno in {errno.ENOTEMPTY, errno.EEXIST}:  # somebody else was faster
            raise _there_already(folder) from None
        raise SignatureError(f"{folder}: cannot be made: {error.strerror}") from None
    return key_folder.read(folder, organisation=organisation)


def _there_already(folder: Path) -> SignatureError:
    hint = "'trustpack keys show' tells which; 'trustpack keys rotate' replaces them"
    return SignatureError(f"{folder}: is there already", hint=hint)


def user_id(name: str, mailbox: str) -> str:
    """Return what OpenPGP calls the owner of keys; a name's own brackets would be taken for a mailbox's."""
    plain = re.sub(r"[<>()]", "", name).strip()
    return f"{plain} packages <{mailbox}>"


class KeptFile(msgspec.Struct, frozen=True):
    """What a file of the folder is to hold, and who may read it."""

    data: bytes
    mode: int

    def __repr__(self) -> str:
        """Show nothing of it."""
        return f"{type(self).__name__}({self.mode:o})"


def files(new: MadeKeys, slug: str, *, password: str) -> dict[str, KeptFile]:
    """Return the files of a new generation, by their names; with a `password` private ones are encrypted."""
    one = new.generation
    found = {
        name: KeptFile(private_file.encoded(key, password), private_file.MODE)
        for name, key in zip(one.private, new.private, strict=True)
    }
    certificate = armor.armor(armor.PUBLIC, new.certificate).encode()
    return found | {
        one.certificate: KeptFile(certificate, PUBLIC),
        one.apk_name: KeptFile(new.apk_public, PUBLIC),
        _statement_name(one, slug): KeptFile(new.statement_public, PUBLIC),
    }


def statement_files(new: MadeStatementKey, slug: str, *, password: str) -> dict[str, KeptFile]:
    """Return the files of a generation's new key for statements, by their names."""
    one = new.generation
    found = {_statement_name(one, slug): KeptFile(new.public, PUBLIC)}
    if new.private is not None:
        found[one.private[-1]] = KeptFile(private_file.encoded(new.private, password), private_file.MODE)
    return found


def _statement_name(one: Generation, slug: str) -> str:
    return statement_key.file_name(one.statement_sha256, slug)


def index(file: KeysFile) -> bytes:
    """Return what keys.json holds."""
    return (json.dumps(msgspec.to_builtins(file), indent=2, ensure_ascii=True) + "\n").encode()
