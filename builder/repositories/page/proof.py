"""The proof of a release, as its proof.json has it, for the page's table."""

from __future__ import annotations

import msgspec

from builder.errors import PackageError
from builder.repositories.page.view import ProofTable


class _Cell(msgspec.Struct, frozen=True):
    target: str
    client: str
    status: str
    version: str = ""
    reason: str = ""
    stand_in: str = ""
    faults: tuple[str, ...] = ()


class _Proof(msgspec.Struct, frozen=True):
    release: str
    when: str
    cells: tuple[_Cell, ...] = ()


def table(document: bytes, where: str) -> ProofTable:
    """Return what proof.json says; raise PackageError naming `where` for what is no such document."""
    try:
        proof = msgspec.json.decode(document, type=_Proof)
        clients = [_client(cell) for cell in proof.cells]
        return msgspec.convert(
            {"release": proof.release, "when": proof.when, "clients": clients}, type=ProofTable
        )
    except msgspec.MsgspecError as error:
        raise PackageError(
            f"{where}: is not a proof", hint="'trustpack prove' writes proof.json anew"
        ) from error


def _client(cell: _Cell) -> dict[str, str]:
    name = f"{cell.client} {cell.version}".strip()
    said = "; ".join(cell.faults) or cell.reason or (cell.stand_in if cell.status == "stand-in" else "")
    return {"target": cell.target, "client": name, "status": cell.status, "said": said}
