"""What every test of a ground does: hold a whole trial in it, with packages built from throw-away CAs."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from builder.prove import authority, grounds, trial
from builder.prove.trial import Cell, Ground, Plan, Question
from tests.trust.world import HOST, World, build

NAMES = {"gem": "acme-ca", "npm": "acme-ca"}  # the others are called acme-ca-certs


def questions(world: World) -> tuple[Question, ...]:
    """Return a server of a CA in both releases, in the first, in the second, and of nobody's."""
    accepted = {
        "kept": {"installed", "upgraded"},
        "old": {"installed"},
        "new": {"upgraded"},
        "beta": set(),
    }
    return tuple(
        Question(name, authority.issue(getattr(world, name), [HOST], now=world.now), frozenset(phases))
        for name, phases in accepted.items()
    )


def hold(
    ground: Ground, world: World, out: Path, *, target: str, only: frozenset[str] = frozenset()
) -> dict[str, Cell]:
    """Build two releases, try them in an open ground, and return the cells by their clients' names."""
    releases = (("1", world.old), ("2", world.new))
    first, second = (
        _last(build(out, "acme", [world.kept, other], version, target=target)) for version, other in releases
    )
    cells = trial.run(Plan(target, first, second, questions(world)), ground, only)
    return {cell.client: cell for cell in cells}


@contextmanager
def opened(
    folder: Path,
    *,
    target: str,
    root: Path | None = None,
    offline: bool = True,
    only: frozenset[str] = frozenset(),
) -> Iterator[Ground]:
    """Open the ground of a target as `trustpack prove` does."""
    module = grounds.opener(target)
    assert module is not None
    (folder / "ground").mkdir()
    with module.open_ground(
        target=target,
        name=NAMES.get(target, "acme-ca-certs"),
        root=root,
        folder=folder / "ground",
        offline=offline,
        only=only,
        settings={},
    ) as ground:
        yield ground


def _last(artifact: Path) -> Path:
    """Return the target's last artifact: a formula stands behind its archives."""
    return next(artifact.parent.glob("*.rb"), artifact)
