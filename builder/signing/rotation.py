"""Replace keys: the next generation becomes the current one, which every client has known for long."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import msgspec

from builder.errors import SignatureError
from builder.release import atomic
from builder.signing import key_folder, making, new, private_file, replacing, site_keys
from builder.signing.making import Making

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from builder.signing.generation import Generation, Pair, State, Wanted
    from builder.signing.key_folder import KeyFolder
    from builder.signing.private_file import Passwords

_BUSY = "another 'trustpack keys' is running here"
_DAY = 86_400  # seconds
_ENOUGH = 30  # days, in which hosts that upgrade at all have upgraded
_DIGITS = 5  # of the highest number
_GUIDE = "'trustpack docs keys' tells about a rotation step by step"


class Rotation(msgspec.Struct, frozen=True, kw_only=True):
    """What a rotation is given: its `time` in seconds since 1970, and where the new next keys are."""

    time: int
    wanted: Wanted = new.NEW_FILES
    signer: tuple[str, ...] = ()
    passwords: Passwords = private_file.NO_PASSWORDS
    password: str = ""
    pair: Pair | None = None

    def __repr__(self) -> str:
        """Show nothing of passwords."""
        return f"{type(self).__name__}({self.time})"


def young(found: KeyFolder, *, time: int) -> int:
    """Return for how many days the keys that sign from now on have been published, if for less than 30.

    0 stands for long enough: so have those that were made with the first ones, which every client has.
    """
    (current,) = found.in_state("current")
    days = (time - current.created) // _DAY
    return max(days, 1) if current.created > found.file.generations[0].created and days < _ENOUGH else 0


def begin(folder: Path, given: Rotation) -> KeyFolder:
    """Let the next keys sign, beside the current ones, and make new next ones; raise SignatureError.

    The private half of what is to sign must be there.
    """
    with _alone(folder):
        found = key_folder.read(folder)
        if found.in_state("retiring"):
            hint = "'trustpack keys rotate --finish' ends it, when hosts have the new keys"
            raise SignatureError(f"{folder}: a rotation is under way", hint=hint)
        return _replace(found, {"current": "retiring", "next": "current"}, given)


def replace(folder: Path, given: Rotation, *, stolen: bool) -> KeyFolder:
    """Let the next keys sign alone from now on, and make new next ones: the keys so far were lost, or stolen.

    What stolen keys have signed is no longer known for the site's own. Raises SignatureError.
    """
    end: State = "withdrawn" if stolen else "retired"
    states: Mapping[State, State] = {"current": end, "retiring": end, "next": "current"}
    with _alone(folder):
        return _replace(key_folder.read(folder), states, given)


def replace_next(folder: Path, given: Rotation) -> KeyFolder:
    """Make other next keys: those so far were stolen or lost before they signed anything.

    Raises SignatureError.
    """
    with _alone(folder):
        return _replace(key_folder.read(folder), {"next": "withdrawn"}, given)


def complete(folder: Path, given: Rotation) -> KeyFolder:
    """Make the keys for statements that the current and the next generation lack; raise SignatureError.

    They lack them where they were made before there were any.
    """
    with _alone(folder):
        found = key_folder.read(folder)
        made = {
            one.number: making.statement(found, one, given.pair)
            for one in found.in_state("current", "next")
            if not one.statement_sha256
        }
        added: dict[str, new.KeptFile] = {}
        for key in made.values():
            added |= new.statement_files(key, found.file.organisation, password=given.password)
        changed = tuple(
            made[one.number].generation if one.number in made else one for one in found.file.generations
        )
        if made:
            replacing.replace(folder, msgspec.structs.replace(found.file, generations=changed), added=added)
        return key_folder.read(folder)


def finish(folder: Path, *, time: int) -> KeyFolder:
    """Let the keys before the current ones sign no more, and remove their private halves.

    Raises SignatureError where no rotation is under way.
    """
    with _alone(folder):
        found = key_folder.read(folder)
        old = found.in_state("retiring")
        if not old:
            hint = "'trustpack keys rotate' begins one"
            raise SignatureError(f"{folder}: no rotation is under way", hint=hint)
        moved = _moved(found.file.generations, {"retiring": "retired"}, time)
        file = msgspec.structs.replace(found.file, generations=moved)
        replacing.replace(folder, file, removed=[name for one in old for name in one.private])
        return key_folder.read(folder)


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keep other processes from changing the keys meanwhile; raise SignatureError where there are none.

    What a killed process has left of a change is removed first.
    """
    key_folder.read(folder)
    with atomic.alone(folder, _BUSY):
        try:
            replacing.clear_up(folder)
        except OSError as error:
            where = error.filename or folder
            raise SignatureError(f"{where}: cannot be removed: {error.strerror}") from None
        yield


def _replace(found: KeyFolder, states: Mapping[State, State], given: Rotation) -> KeyFolder:
    """Move generations from state to state, and add one that is the next."""
    becoming = found.in_state("next") if "next" in states and states["next"] == "current" else ()
    if "next" in states and not found.in_state("next"):
        raise SignatureError(f"{found.path}: there are no next keys", hint=_GUIDE)
    for one in becoming:
        _expect_private(found, one, given)
    kept = _moved(found.file.generations, states, given.time)
    moved = msgspec.structs.replace(found.file, generations=kept)
    plan = Making(
        file=moved,
        number=_free(found),
        state="next",
        time=given.time,
        signer=given.signer,
        pair=given.pair,
    )
    keys = making.made(plan, given.wanted)
    file = msgspec.structs.replace(moved, generations=(*kept, keys.generation))
    replacing.replace(found.path, file, added=new.files(keys, moved.organisation, password=given.password))
    return key_folder.read(found.path)


def _free(found: KeyFolder) -> int:
    """Return a number that no generation has, nor a file of keys that a killed process has left."""
    begun = (path.name.partition("-")[0] for path in found.path.glob("[0-9]*-*"))
    numbers = [int(digits) for digits in begun if digits.isdecimal() and len(digits) <= _DIGITS]
    return max(*numbers, *(one.number for one in found.file.generations)) + 1


def _expect_private(found: KeyFolder, one: Generation, given: Rotation) -> None:
    """Raise SignatureError unless a generation's keys can sign."""
    for name in one.private:
        if not (found.path / name).exists():
            raise SignatureError(
                f"{found.path / name}: is not here, and is to sign from now on",
                hint=f"bring {', '.join(one.private)} back from where they are kept",
            )
    site_keys.signing(found, one, passwords=given.passwords, signer=given.signer)


def _moved(
    generations: tuple[Generation, ...], states: Mapping[State, State], time: int
) -> tuple[Generation, ...]:
    return tuple(
        msgspec.structs.replace(one, state=states[one.state], since=time) if one.state in states else one
        for one in generations
    )
