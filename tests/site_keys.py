"""Throw-away keys that sign a site, made once for all tests of a process."""

import functools
from pathlib import Path

from builder.signing import generation, keys, new, statement_key
from builder.signing.keyring import Keyring, PublicKeys, Role

BITS = 2048  # a quarter of a real key's, in a tenth of its time
CREATED = 1_790_000_000


@functools.cache
def pair(_number: int) -> generation.Pair:
    """Return the private keys of a generation; those of another number are others."""
    return generation.make(BITS)


def keyring(*signing: int, published: tuple[int, ...] = (), slug: str = "acme") -> Keyring:
    """Return what signs with these generations (the current one first), and publishes further ones.

    Without arguments, generation 1 signs and 2 is the next.
    """
    signing = signing or (1,)
    openpgp = {number: _openpgp(number, slug) for number in (*signing, *(published or (2,)))}
    apk = {number: _apk(number, slug) for number in openpgp}
    statement = {number: _statement(number) for number in openpgp}
    return Keyring(
        tuple(openpgp[number] for number in signing),
        tuple(apk[number] for number in signing),
        tuple(
            PublicKeys(
                _role(n, signing),
                openpgp[n].certificate,
                apk[n].name,
                apk[n].public,
                statement_key.file_name(statement[n].fingerprint, slug),
                statement[n].public,
            )
            for n in openpgp
        ),
        statement_signers=tuple(statement[number] for number in signing),
    )


def _role(number: int, signing: tuple[int, ...]) -> Role:
    if number not in signing:
        return "next"
    return "previous" if signing.index(number) else "current"


@functools.cache
def _openpgp(number: int, slug: str) -> keys.RsaOpenPgpKey:
    private = pair(number).openpgp
    user_id = f"{slug} packages <pki@{slug}.example>"
    raw = keys.in_memory(private)
    return keys.openpgp_key(private.public_key(), raw, user_id=user_id, created=CREATED)


@functools.cache
def _apk(number: int, slug: str) -> keys.ApkKey:
    private = pair(number).apk
    return keys.apk_key(private.public_key(), keys.in_memory(private), slug=slug)


@functools.cache
def _statement(number: int) -> statement_key.StatementKey:
    private = pair(number).statement
    return statement_key.statement_key(private.public_key(), statement_key.in_memory(private))


def folder(path: Path, *, slug: str = "acme", password: str = "") -> Path:
    """Make a folder of keys, `path`, in which generation 1 signs and 2 is the next, encrypted if told so."""
    return new.create(
        path,
        organisation=slug,
        user_id=new.user_id(slug.title(), f"pki@{slug}.example"),
        time=CREATED,
        password=password,
        pairs=(pair(1), pair(2)),
    ).path
