"""Make a folder of keys: the current generation and the next one, which clients know long before it signs."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import msgspec

from builder.errors import SignatureError
from builder.release import atomic
from builder.signing import armor, key_folder, keys, private_file
from builder.signing.generation import Generation, Pair, make
from builder.signing.key_folder import INDEX, KeysFile

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from builder.signing.generation import State

_IGNORE = "# Keys are in no version control, not even those that are encrypted.\n*\n"


def create(
    folder: Path,
    *,
    organisation: str,
    user_id: str,
    time: int,
    password: str = "",
    pairs: Iterable[Pair] | None = None,
) -> KeysFile:
    """Make the new folder with a current and a next generation; raise SignatureError where there is one.

    `time` is in seconds since 1970; with a `password` the private keys are encrypted. `pairs` are the keys
    where they are not to be made.
    """
    if folder.exists() or folder.is_symlink():
        hint = "'trustpack keys show' tells which; 'trustpack keys rotate' replaces them"
        raise SignatureError(f"{folder}: is there already", hint=hint)
    current, following = pairs or (make(), make())
    unfinished = folder.with_name(f"{atomic.TEMPORARY}{folder.name}")
    try:
        shutil.rmtree(unfinished, ignore_errors=True)  # what a killed process has left
        unfinished.mkdir(mode=0o700)
        private_file.write(unfinished / ".gitignore", _IGNORE.encode())
        file = KeysFile(organisation=organisation, user_id=user_id, generations=())
        states: tuple[tuple[State, Pair], ...] = (("current", current), ("next", following))
        for number, (state, pair) in enumerate(states, 1):
            one = add(unfinished, file, number, pair, state=state, time=time, password=password)
            file = msgspec.structs.replace(file, generations=(*file.generations, one))
        write_index(unfinished, file)
        unfinished.rename(folder)
    except OSError as error:
        raise SignatureError(f"{folder}: cannot be made: {error.strerror}") from None
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    key_folder.read(folder, organisation=organisation)
    return file


def add(
    folder: Path,
    file: KeysFile,
    number: int,
    pair: Pair,
    *,
    state: State,
    time: int,
    password: str,
) -> Generation:
    """Write the files of a new generation and return it; raise SignatureError where one is there already."""
    private = pair.openpgp
    raw = keys.in_memory(private)
    openpgp = keys.openpgp_key(private.public_key(), raw, user_id=file.user_id, created=time)
    apk = keys.apk_key(pair.apk.public_key(), keys.in_memory(pair.apk), slug=file.organisation)
    one = Generation(
        number=number, state=state, created=time, fingerprint=openpgp.public.fingerprint, apk_name=apk.name
    )
    for name, key in zip(one.private, (pair.openpgp, pair.apk), strict=True):
        private_file.create(folder / name, key, password)
    certificate = armor.armor(armor.PUBLIC, openpgp.certificate).encode()
    private_file.write(folder / one.certificate, certificate)
    private_file.write(folder / one.apk_name, apk.public)
    return one


def write_index(folder: Path, file: KeysFile) -> None:
    """Write keys.json; raises OSError."""
    value = msgspec.to_builtins(file)
    atomic.put(folder / INDEX, (json.dumps(value, indent=2, ensure_ascii=True) + "\n").encode(), mode=0o644)
