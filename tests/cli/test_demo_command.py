"""`trustpack demo`: the promise in one command."""

from pathlib import Path

from tests.cli.conftest import World


def test_the_demo_refuses_accepts_and_refuses_again(world: World) -> None:
    """A fresh environment's urllib follows the package, and nothing is left behind."""
    (world.folder / "tmp").mkdir()
    done = world.run("demo", env={"TMPDIR": str(world.folder / "tmp")})
    verdicts = [
        line.split()[0] for line in done.out.splitlines() if line.startswith("     ") and "://" not in line
    ]
    assert (done.code, done.err) == (0, "")
    assert [word for word in verdicts if word in {"refused", "accepted"}] == [
        "refused",
        "accepted",
        "refused",
    ]
    assert list(Path(world.folder / "tmp").iterdir()) == []
    assert world.files(".") == ["roots.pem", "tmp"]
