"""What was published, as text and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from builder.text import printed, urls
from builder.text.quoting import visible

if TYPE_CHECKING:
    from pathlib import Path

    from builder.publish.publishing import Delivery
    from builder.publish.shipment import Shipment

_WORDS = {
    "sent": "published",
    "there": "there already, with the same bytes",
    "unlisted": "published; the registry does not list it yet",
}


def to_text(done: Delivery) -> str:
    """Return a line for each file, or for each request that would be made."""
    lines = [f"{one.registry}: {one.file.name}: {_WORDS[one.outcome]}" for one in done.files]
    for name, request in done.requests:
        what = f" with {request.file}" if request.file and request.method != "GET" else ""
        by = f", by {request.by}" if request.by else ""
        lines.append(f"{name}: {request.method} {urls.shown(request.url)}{what}{by}")
    return "".join(f"{visible(line)}\n" for line in lines)


def to_json(done: Delivery, shipment: Shipment, folder: Path, *, dry_run: bool) -> str:
    """Return the document that `trustpack publish --json` prints."""
    manifest = shipment.manifest
    return printed.printed(
        {
            "folder": str(folder),
            "organisation": manifest.organisation,
            "release": manifest.release,
            "dry_run": dry_run,
            "files": [
                {
                    "registry": one.registry,
                    "url": urls.shown(one.url),
                    "file": one.file.name,
                    "target": one.file.target,
                    "package": one.file.package,
                    "version": one.file.version,
                    "size": len(one.file.data),
                    "sha256": one.file.sha256,
                    "outcome": one.outcome,
                }
                for one in done.files
            ],
            "requests": [
                {
                    "registry": name,
                    "method": request.method,
                    "url": urls.shown(request.url),
                    "file": request.file,
                    "by": request.by,
                }
                for name, request in done.requests
            ],
        }
    )
