"""`trustpack inspect`: what is inside a built package, checked against its own digests."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from builder.cli import options
from builder.cli.messages import tell

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from builder.errors import PackageError
    from builder.inspect import Contents, Held


def inspect(
    paths: Annotated[list[Path], typer.Argument(help="Built packages, or folders of them.")],
    *,
    form: options.Form = None,
    json: options.Json = False,
) -> None:
    """Show the certificates, files and scripts inside built packages.

    Nothing of a package is run. Among several, a damaged one is told at the end, and the exit status is 10;
    it is 5 where a package holds a private key.
    """
    from builder.errors import NotAPackageError, PackageError

    as_json = options.chosen(form, json=json) == "json"
    found = {path: _read(path) for path in _files(paths)}
    packages = {path: one for path, one in found.items() if not isinstance(one, PackageError)}
    errors = {path: one for path, one in found.items() if isinstance(one, PackageError)}
    if len(found) == len(errors) == 1:
        raise next(iter(errors.values()))
    passed_over = [path for path, error in errors.items() if isinstance(error, NotAPackageError)]
    damaged = {path: error for path, error in errors.items() if path not in passed_over}
    if as_json:
        _print_json(packages, passed_over, damaged)
    else:
        for path, contents in packages.items():
            _show(path, contents)
        for path in passed_over:
            tell("note", [f"{path}: is no package, passed over"])
    _refuse(list(damaged.values()))
    _refuse_keys(packages)


def _refuse_keys(packages: dict[Path, Contents]) -> None:
    """Raise PrivateKeyError for the packages that hold a private key, if there are any."""
    from builder.errors import PrivateKeyError
    from builder.text.quoting import visible

    found = [
        f"{visible(str(path))}: {'' if flaw.file == path.name else f'{visible(flaw.file)} '}holds {flaw.what}"
        for path, contents in packages.items()
        for flaw in contents.private_keys
    ]
    hint = "whoever has the package has the key: withdraw both"
    if len(found) == 1:
        raise PrivateKeyError(found[0], hint=hint)
    if found:
        lines = (f"{len(found)} private keys are in packages:", *found)
        raise PrivateKeyError("\n  ".join(lines), hint=hint, parts=[PrivateKeyError(one) for one in found])


def _files(paths: list[Path]) -> Iterator[Path]:
    """Yield each file given, and those directly in each folder given."""
    from builder.errors import UsageError
    from builder.text import urls
    from builder.text.quoting import visible

    for path in paths:
        if path.is_dir():
            yield from sorted(f for f in path.iterdir() if f.is_file() and not f.name.startswith("."))
        elif path.is_file():
            yield path
        else:
            raise UsageError(f"{visible(urls.shown(str(path)))}: is no file or folder")


def _refuse(damaged: list[PackageError]) -> None:
    """Raise PackageError for the packages that are damaged, if there are any."""
    from builder.errors import PackageError

    if len(damaged) == 1:
        raise damaged[0]
    if damaged:
        lines = (f"{len(damaged)} packages cannot be read:", *map(str, damaged))
        raise PackageError("\n  ".join(lines), parts=damaged)


def _read(path: Path) -> Contents | PackageError:
    """Return the package's contents, or why there are none to be had."""
    from builder.cli.meant import with_domains
    from builder.errors import PackageError
    from builder.inspect import read
    from builder.text import files
    from builder.text.quoting import visible

    try:
        found = read(str(path), files.read(path, files.PACKAGE_BYTES))
    except PackageError as error:
        return error
    except OSError as error:
        return PackageError(f"{visible(str(path))}: cannot be read: {error.strerror}")
    return with_domains(found, path.parent)


def _print_json(
    packages: dict[Path, Contents], passed_over: list[Path], damaged: dict[Path, PackageError]
) -> None:
    from builder.text.printed import printed

    described = [{"file": str(path)} | _describe(contents) for path, contents in packages.items()]
    value = {
        "packages": described,
        "passed_over": [str(path) for path in passed_over],
        "damaged": [{"file": str(path), "error": str(error)} for path, error in damaged.items()],
    }
    typer.echo(printed(value), nl=False)


def _describe(contents: Contents) -> dict[str, Any]:
    from dataclasses import asdict, replace

    value = asdict(replace(contents, certificates=(), distrusted=None))
    for file in value["files"]:
        file["mode"] = f"{file['mode']:04o}"
    blocked = contents.distrusted
    value["certificates"] = [_certificate(held) for held in contents.certificates]
    value["distrusted"] = None if blocked is None else [_certificate(held) for held in blocked]
    return value


def _certificate(held: Held) -> dict[str, Any]:
    import msgspec

    found = msgspec.to_builtins(held.certificate)
    keys = ("subject", "not_before", "not_after")
    said = {"domains": list(held.certificate.domains), "constraints": msgspec.to_builtins(held.constraints)}
    named = {"file": held.file, "sha256": found["sha256"], "label": held.label}
    return named | {key: found[key] for key in keys} | said


def _show(path: Path, contents: Contents) -> None:
    from builder.cli.tables import size, table
    from builder.text.quoting import visible

    heading = " ".join(filter(None, (contents.format, contents.name, contents.version)))
    _say(f"{path}: {heading}")
    for key, value in contents.metadata.items():
        _say(f"  {key}: {' '.join(value.split())}".rstrip())
    for title, certificates in (("certificate", contents.certificates), ("distrusted", contents.distrusted)):
        if certificates:
            typer.echo()
            table((title, "SHA-256", "not after", "files"), _rows(certificates))
    for line in _limits((*contents.certificates, *(contents.distrusted or ()))):
        _say(line)
    for flaw in contents.unreadable:
        _say(f"  cannot be read: {flaw.file}: {flaw.what}")
    for flaw in contents.private_keys:
        _say(f"  private key: {flaw.file} holds {flaw.what}")
    typer.echo()
    if contents.files:
        table(
            ("mode", "owner", "size", "file"),
            [
                (
                    f"{f.mode:04o}",
                    visible(f.owner) or "-",
                    "-" if f.kind != "file" else size(f.size),
                    _path(f),
                )
                for f in contents.files
            ],
        )
    for script, names in _scripts(contents.scripts).items():
        typer.echo()
        _say(f"{', '.join(names)}:")
        for line in script.expandtabs().splitlines():
            _say(f"    {line}")
    typer.echo()


def _scripts(scripts: Mapping[str, str]) -> dict[str, list[str]]:
    """Return the names of each script by its text: the same one often runs at several moments."""
    found: dict[str, list[str]] = {}
    for name, script in scripts.items():
        found.setdefault(script, []).append(name)
    return found


def _rows(certificates: tuple[Held, ...]) -> list[tuple[str, ...]]:
    """Return a row for each CA, with the number of files that hold or name it."""
    from builder.text.quoting import visible
    from builder.text.times import stamp

    count = Counter(held.certificate.sha256 for held in certificates)
    once = {held.certificate.sha256: held for held in certificates}
    return [
        (visible(held.label), sha256, stamp(held.certificate.ends), str(count[sha256]))
        for sha256, held in once.items()
    ]


def _limits(certificates: tuple[Held, ...]) -> Iterator[str]:
    """Yield what names CAs are meant for, and what their own certificates say of names, with titles."""
    from builder.inspect import worded
    from builder.lint.limits import heeding
    from builder.model.domains import told

    meant = {
        f"  {one.label} ({one.certificate.sha256}): meant for {told(one.certificate.domains)}": None
        for one in certificates
        if one.certificate.domains
    }
    if meant:
        yield from ("", "meant for some names only, which not every client keeps to:", *meant)
    own = {
        f"  {one.label} ({one.certificate.sha256}): {worded(one.constraints)}": None
        for one in certificates
        if one.constraints
    }
    if own:
        kept, ignored = heeding()
        yield from ("", "constrained by the certificate itself:", *own)
        yield f"  kept to by {', '.join(kept)}; not by {', '.join(ignored) or 'none that was measured'}"


def _path(member: Any) -> str:
    from builder.text.quoting import visible

    suffix = {"dir": "/", "link": f" -> {member.link}", "file": ""}[member.kind]
    return visible(f"{member.path}{suffix}")


def _say(text: str) -> None:
    from builder.text.quoting import visible

    typer.echo(visible(text))
