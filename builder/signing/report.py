"""Keys as commands print them: for people, and as JSON."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from builder.signing import private_file
from builder.text.printed import printed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from builder.signing.checking import KeyFinding
    from builder.signing.finished import SignedRelease
    from builder.signing.generation import Generation
    from builder.signing.key_folder import KeyFolder

_MEANING = {
    "current": "signs",
    "retiring": "signs beside the current one, until 'trustpack keys rotate --finish'",
    "next": "is published, and signs after the next rotation",
    "retired": "signs no more",
    "withdrawn": "signs no more, and what it has signed is not believed",
}


def keys_json(found: KeyFolder) -> str:
    """Return a folder of keys as JSON."""
    return printed(
        {
            "folder": str(found.path),
            "organisation": found.file.organisation,
            "user_id": found.file.user_id,
            "generations": [_value(found, one) for one in found.file.generations],
        }
    )


def check_json(found: KeyFolder, findings: Sequence[KeyFinding]) -> str:
    """Return what there is to say of a folder of keys as JSON."""
    return printed(
        {
            "folder": str(found.path),
            "ready": all(one.level != "error" for one in findings),
            "findings": [
                {"level": one.level, "where": one.where, "message": one.message, "hint": one.hint}
                for one in findings
            ],
        }
    )


def signed_json(
    folder: Path, signer: str, done: SignedRelease | None = None, *, written: Sequence[str]
) -> str:
    """Return what was signed as JSON; `done` is None for a site."""
    return printed(
        {
            "folder": str(folder),
            "signer": signer,
            "signed": [
                {
                    "file": one.entry.file,
                    "signature": one.signature,
                    "sha256": one.entry.sha256,
                    "identity": one.entry.identity,
                    "verified_by": one.verified_by,
                }
                for one in (done.signed if done else ())
            ],
            "envelope": done.document("envelope") if done else "",
            "left": dict(done.left) if done else {},
            "written": list(written),
        }
    )


def lines(found: KeyFolder) -> Iterator[str]:
    """Yield a folder of keys in lines for people; fingerprints in the groups that people compare."""
    yield f"{found.path}: keys of {found.file.organisation}, {found.file.user_id}"
    for one in found.file.generations:
        yield f"{one.number}  {one.state} since {_moment(one.since)[:10]}: {_MEANING[one.state]}"
        yield f"   OpenPGP  {grouped(one.fingerprint)}{_keeper(one.openpgp, one.label)}"
        yield f"   apk      {one.apk_name}{_keeper(one.apk, one.label)}"
        if name := found.statement_file(one):
            yield f"   DSSE     {name}{_keeper(one.statement, one.label)}"
            yield f"            SHA-256 {one.statement_sha256}"
        if one.private and one.state in {"current", "next", "retiring"}:
            here = [name for name in one.private if (found.path / name).exists()]
            yield f"   private  {', '.join(here) or 'elsewhere: ' + ', '.join(one.private)}"


def grouped(fingerprint: str) -> str:
    """Return a fingerprint in groups of four digits."""
    return " ".join(fingerprint[at : at + 4] for at in range(0, len(fingerprint), 4))


def _keeper(keeper: str, label: str) -> str:
    return {"file": "", "agent": "  (GnuPG's agent signs)"}.get(
        keeper, f"  (repository.signer signs: {label})"
    )


def _value(found: KeyFolder, one: Generation) -> dict[str, Any]:
    return {
        "number": one.number,
        "state": one.state,
        "since": _moment(one.since),
        "created": _moment(one.created),
        "fingerprint": one.fingerprint,
        "apk": one.apk_name,
        "statement": found.statement_file(one),
        "statement_sha256": one.statement_sha256,
        "openpgp_signed_by": one.openpgp,
        "apk_signed_by": one.apk,
        "statement_signed_by": one.statement if one.statement_sha256 else "",
        "label": one.label,
        "private": [
            {
                "file": name,
                "here": (found.path / name).exists(),
                "encrypted": private_file.is_encrypted(found.path / name),
            }
            for name in one.private
        ],
    }


def _moment(time: int) -> str:
    return f"{dt.datetime.fromtimestamp(time, dt.UTC):%Y-%m-%dT%H:%M:%SZ}"
