"""Make a folder of keys: the current generation and the next one, which clients know long before it signs."""

from __future__ import annotations

import json
import re
import shutil
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
        hint = "'trustpack keys show' tells which; 'trustpack keys rotate' replaces them"
        raise SignatureError(f"{folder}: is there already", hint=hint)
    unfinished = folder.with_name(f"{atomic.TEMPORARY}{folder.name}")
    try:
        shutil.rmtree(unfinished, ignore_errors=True)  # what a killed process has left
        unfinished.mkdir(mode=0o700)
        private_file.write(unfinished / ".gitignore", _IGNORE.encode())
        file = KeysFile(organisation=organisation, user_id=user_id, generations=())
        states: tuple[State, ...] = ("current", "next")
        for number, state, where, pair in zip((1, 2), states, wanted, pairs, strict=True):
            making = Making(file=file, number=number, state=state, time=time, signer=signer, pair=pair)
            file = add(unfinished, file, made(making, where), password=password)
        write_index(unfinished, file)
        unfinished.rename(folder)
    except OSError as error:
        raise SignatureError(f"{folder}: cannot be made: {error.strerror}") from None
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return key_folder.read(folder, organisation=organisation)


def user_id(name: str, mailbox: str) -> str:
    """Return what OpenPGP calls the owner of keys; a name's own brackets would be taken for a mailbox's."""
    plain = re.sub(r"[<>()]", "", name).strip()
    return f"{plain} packages <{mailbox}>"


def add(folder: Path, file: KeysFile, new: MadeKeys, *, password: str) -> KeysFile:
    """Write the files of a new generation; return what keys.json is to hold.

    Raises SignatureError where one of them is there already.
    """
    one = new.generation
    for name, key in zip(one.private, new.private, strict=True):
        private_file.create(folder / name, key, password)
    certificate = armor.armor(armor.PUBLIC, new.certificate).encode()
    private_file.write(folder / one.certificate, certificate)
    private_file.write(folder / one.apk_name, new.apk_public)
    _write_statement_key(folder, file, one, new.statement_public)
    return msgspec.structs.replace(file, generations=(*file.generations, one))


def add_statement(folder: Path, file: KeysFile, new: MadeStatementKey, *, password: str) -> None:
    """Write the files of a generation's new key for statements; raise SignatureError.

    What is there of it is what a killed process has left: nothing names it.
    """
    if new.private is not None:
        path = folder / new.generation.private[-1]
        path.unlink(missing_ok=True)
        private_file.create(path, new.private, password)
    public = statement_key.file_name(new.generation.statement_sha256, file.organisation)
    (folder / public).unlink(missing_ok=True)
    _write_statement_key(folder, file, new.generation, new.public)


def _write_statement_key(folder: Path, file: KeysFile, one: Generation, public: bytes) -> None:
    name = statement_key.file_name(one.statement_sha256, file.organisation)
    private_file.write(folder / name, public)


def write_index(folder: Path, file: KeysFile) -> None:
    """Write keys.json; raises OSError."""
    value = msgspec.to_builtins(file)
    atomic.put(folder / INDEX, (json.dumps(value, indent=2, ensure_ascii=True) + "\n").encode(), mode=0o644)
