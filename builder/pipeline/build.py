"""The whole flow on one screen: render, write in each format, keep."""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import TYPE_CHECKING

from msgspec.structs import replace

from builder import __version__, formats, render
from builder.errors import ConfigError, OutputError, ReleaseError
from builder.lifecycle.keeping import keeping
from builder.model import Artifact
from builder.model import release as releases
from builder.pipeline.identity import refuse_another_name
from builder.release import folder as output
from builder.release import manifest as manifests
from builder.render import changelog, recipe

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from builder.lifecycle.states import Lifecycle
    from builder.model import Package, Recipe
    from builder.model.release import Release
    from builder.pipeline.request import BuildRequest
    from builder.release.manifest import Manifest


def build(request: BuildRequest, out: Path, *, progress: Callable[[str], None] = lambda _: None) -> Manifest:
    """Build every target of `request` into `out` and return the release's manifest.

    `progress` hears each target's name when it is done. Raises ConfigError, ReleaseError or OutputError; then
    `out` still holds the release it held before.
    """
    with output.claimed(out) as claim:
        artifacts, manifest = make(request, claim.previous, str(out), progress=progress)
        output.write(claim, artifacts, manifest)
    return manifest


def successive(request: BuildRequest, previous: Manifest | None) -> tuple[Release, Release] | None:
    """Return the previous release and the one that would follow it, None where nothing would."""
    if previous is None:
        return None
    old, new = releases.stored(previous.release), request.release or _next(request, previous)
    return (old, new) if new.numbers > old.numbers else None


def again(
    request: BuildRequest, manifest: Manifest, *, progress: Callable[[str], None] = lambda _: None
) -> list[Artifact]:
    """Build the targets of a release once more, in memory, under its number and with its time.

    Raises ConfigError, UsageError where `request` has no such target.
    """
    known = {source.target: source for source in request.sources}
    wanted = dict.fromkeys(entry.target for entry in manifest.artifacts)
    recipes = [(recipe.read(known[target]), known[target]) for target in wanted if target in known]
    same = replace(request, source_date_epoch=manifest.epoch)
    return _make(same, recipes, releases.stored(manifest.release), progress)[0]


def make(
    request: BuildRequest,
    previous: Manifest | None,
    out: str,
    *,
    progress: Callable[[str], None] = lambda _: None,
) -> tuple[list[Artifact], Manifest]:
    """Make, in memory, the release that follows the `previous` one, or is that one again.

    `out` is what errors call the place that holds the previous one. Raises as `build` does.
    """
    recipes = [(recipe.read(source), source) for source in request.sources]
    if previous is not None and previous.organisation != request.organisation.slug:
        raise OutputError(
            f"{out}: holds the packages of {previous.organisation}",
            hint="choose another folder with --out: one folder holds one organisation's release",
        )
    release = request.release or _next(request, previous)
    if previous is not None and releases.Release(previous.release).numbers > release.numbers:
        raise ReleaseError(
            f"release {release.text}: is lower than {previous.release}, which {out} holds",
            hint="clients would never fetch it: choose a higher release, or another folder with --out",
        )
    while True:
        artifacts, manifest = _make(request, recipes, release, progress)
        if not _taken(previous, manifest):
            break
        if request.release is not None:
            raise ReleaseError(
                f"release {release.text}: {out} already holds other content under this version",
                hint="clients would never fetch the change: choose a higher --release, or leave it out "
                "(with a trustpack.lock, 'trustpack lock --bump' makes a new one)",
            )
        release = release.following()
    _refuse_lower_versions(previous, manifest, out)
    return artifacts, manifests.joined(previous, manifest)


def _make(
    request: BuildRequest,
    recipes: Sequence[tuple[Recipe, recipe.RecipeSource]],
    release: Release,
    progress: Callable[[str], None],
) -> tuple[list[Artifact], Manifest]:
    newest = max(certificate.not_before for certificate in request.bundle.certificates)
    epoch = releases.epoch(release, source_date_epoch=request.source_date_epoch, newest=newest)

    artifacts: list[Artifact] = []
    for what, source in recipes:
        artifacts += _target(request, what, source, release, epoch)
        progress(what.target)
    _refuse_namesakes(artifacts)
    manifest = manifests.describe_release(
        organisation=request.organisation.slug,
        release=release,
        epoch=epoch,
        bundle=request.bundle,
        artifacts=artifacts,
        version=__version__,
    )
    return artifacts, _with_states(manifest, request.lifecycle)


def _with_states(manifest: Manifest, lifecycle: Lifecycle | None) -> Manifest:
    """Return the manifest with what is configured of its CAs; one of which nothing is, is active."""
    stages = lifecycle.stages if lifecycle else {}
    trusted, distrusted = (
        tuple(stages[item.sha256].of(item) if item.sha256 in stages else item for item in items)
        for items in (manifest.certificates, manifest.distrusted)
    )
    # That these are distrusted, their list says.
    return replace(
        manifest, certificates=trusted, distrusted=tuple(replace(one, state="") for one in distrusted)
    )


def _target(
    request: BuildRequest, what: Recipe, source: recipe.RecipeSource, release: Release, epoch: int
) -> list[Artifact]:
    """Render and write one target's outputs, each seeing the digests of those before it."""
    day = dt.datetime.fromtimestamp(epoch, dt.UTC).date()
    target = render.target_release(
        what,
        source.templates,
        request.organisation,
        request.bundle,
        release,
        epoch=epoch,
        name=request.names.get(what.target),
        settings=request.settings.get(what.target),
    )
    made_by = recipe.digest(what, target.settings)
    history = request.history or changelog.of_release(release.text, day, request.bundle)
    target = replace(target, history=history, names=request.names)
    digests: dict[str, str] = {}
    filenames: dict[str, str] = {}
    finished: list[tuple[Package, bytes]] = []
    for wanted in what.outputs:
        package = render.package(target, wanted, digests=digests, filenames=filenames)
        if not recipe.built_in(source):
            _refuse_keys(package)
        data = formats.write(package)
        if what.own:
            refuse_another_name(package, data)
        digests[wanted.id] = hashlib.sha256(data).hexdigest()
        filenames[wanted.id] = package.filename
        finished.append((package, data))
    commands = render.commands(target, filenames)
    limited = any(item.domains for item in request.bundle.certificates)
    return [
        Artifact(
            target=what.target,
            name=package.name,
            version=package.version,
            filename=package.filename,
            data=data,
            sha256=digest,
            recipe=made_by,
            domains=keeping(what, target.settings) if limited else "",
            **commands,
        )
        for (package, data), digest in zip(finished, digests.values(), strict=True)
    ]


def _refuse_keys(package: Package) -> None:
    """Raise PrivateKeyError if one of an organisation's own templates holds a private key."""
    from builder.x509 import keys

    metadata = "\n".join(map(str, package.metadata.values())).encode("utf-8", "surrogatepass")
    rendered = {file.path: file.data for file in package.files} | dict(package.scripts)
    hint = "take it out of the templates, and ask who else has seen it"
    for path, data in {"metadata": metadata, **rendered}.items():
        keys.refuse(data, f"recipe {package.target}: {path}", hint=hint)


def _refuse_namesakes(artifacts: Sequence[Artifact]) -> None:
    """Raise ConfigError if two artifacts would be one file; macOS takes a and A for one name."""
    seen: dict[str, Artifact] = {}
    for artifact in artifacts:
        other = seen.setdefault(artifact.filename.lower(), artifact)
        if other is not artifact:
            raise ConfigError(
                f"recipe {artifact.target}: '{artifact.filename}' is a file of {other.target} already"
            )


def _next(request: BuildRequest, previous: Manifest | None) -> Release:
    """Return the date's release, counted on if it names other certificates already."""
    if previous is None:
        return releases.automatic(request.today, None)
    release = releases.automatic(request.today, releases.Release(previous.release))
    known = [certificate.sha256 for certificate in previous.certificates]
    changed = known != [certificate.sha256 for certificate in request.bundle.certificates]
    return release.following() if release.text == previous.release and changed else release


def _refuse_lower_versions(previous: Manifest | None, manifest: Manifest, out: str) -> None:
    """Raise ReleaseError for a package that clients would take for an older one, though its release is not.

    So it is where another trustpack or recipe gave the releases other versions.
    """
    known = {(entry.target, entry.name): entry.version for entry in previous.artifacts} if previous else {}
    for entry in manifest.artifacts:
        old = known.get((entry.target, entry.name), "")
        if releases.sorts_below(entry.version, old):
            raise ReleaseError(
                f"recipe {entry.target}: {entry.name} {entry.version} sorts below {old}, which {out} holds",
                hint=f"clients that have {old} keep it, and its roots, until somebody removes it there; "
                "where none has it, remove this folder, or build into another one with --out",
            )


def _taken(previous: Manifest | None, manifest: Manifest) -> bool:
    """Tell whether this release's version names other content already."""
    if previous is None:
        return False
    same = releases.Release(previous.release).numbers == releases.Release(manifest.release).numbers
    return same and not manifests.same_content(previous, manifest)
