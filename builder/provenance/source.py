"""source.tar: all that a release was built from, so that anybody can build it once more; nothing secret.

Unpacked it is a project: `trustpack build` in its folder gives the release again.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from builder.config import FILE_NAME
from builder.errors import ConfigError, VerificationError
from builder.formats import tar
from builder.formats.control import Unwritable
from builder.formats.unpacked import Malformed
from builder.lifecycle import lock
from builder.model import File
from builder.provenance import materials
from builder.render import recipe
from builder.text import urls
from builder.text.quoting import visible
from builder.x509 import keys

if TYPE_CHECKING:
    from collections.abc import Mapping

    from builder.model import Bundle
    from builder.pipeline.project import Project

MOST = 64 * 1024 * 1024  # bytes: bundles, locks and templates come nowhere near
_WITHHOLD = "take it out; or withhold the source, by provenance.source in trustpack.yaml"
_FILES = {materials.BUNDLE, materials.DISTRUSTED, FILE_NAME, lock.FILE_NAME}
# Of a recipe, and of what lies in the folder of its templates.
_OWN = re.compile(r"recipes/[^/\\\0]+\.yaml|templates(?:/(?!\.\.?(?:/|$))[^/\\\0]+){2,}")


def make(project: Project, bundle: Bundle) -> bytes:
    """Return the archive, the same bytes for the same project.

    Raises PrivateKeyError or ConfigError where a recipe or template holds what is secret.
    """
    found = materials.gather(project, bundle, recipe.sources(project.beside).values())
    for one in found:
        _refuse_secrets(one)
    try:
        data = _archive({one.name: one.data for one in found})
    except Unwritable as fault:
        raise ConfigError(f"source.tar: {fault}", hint="give that template a shorter path") from None
    if len(data) > MOST:
        raise ConfigError(f"source.tar: would be larger than {MOST} bytes", hint=_WITHHOLD)
    return data


def read(data: bytes, where: str) -> Mapping[str, bytes]:
    """Return the files of an archive by their names; raise VerificationError for one that `make` never made.

    So there are no links, no paths that lead out of a folder, and nothing twice.
    """
    if len(data) > MOST:
        raise VerificationError(f"{where}: is larger than {MOST} bytes")
    try:
        found = {one.path: one.data for one in tar.unpack(where, data) if one.kind == "file"}
        again = _archive(found)
    except Malformed as fault:
        raise VerificationError(visible(str(fault))) from None
    except (Unwritable, UnicodeEncodeError):
        again = b""
    for name in found:
        if name not in _FILES and not _OWN.fullmatch(name):
            raise VerificationError(f"{where}: has {visible(name)}, which belongs to no source")
    if again != data:
        raise VerificationError(f"{where}: is not written as trustpack does")
    if missing := {materials.BUNDLE, FILE_NAME} - found.keys():
        raise VerificationError(f"{where}: has no {min(missing)}")
    return found


def _archive(files: Mapping[str, bytes]) -> bytes:
    return tar.write([File(name, data) for name, data in files.items()], 0)


def _refuse_secrets(one: materials.Material) -> None:
    """Raise PrivateKeyError for a private key, and ConfigError for an address with a user or a password."""
    keys.refuse(one.data, one.name, hint="take it out, and ask who else has seen it")
    text = one.data.decode("utf-8", "replace")
    if urls.anonymous(text) != text:
        line = next(number for number, each in enumerate(text.split("\n"), 1) if urls.anonymous(each) != each)
        said = "holds an address with a user name or a password, which source.tar would tell"
        raise ConfigError(f"{one.name}:{line}: {said}", hint=_WITHHOLD)
