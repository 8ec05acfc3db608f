"""A site of many packages: what one more release costs there. How much time it takes is the benchmark's."""

from pathlib import Path

from tests.bench import repo

FEW, MANY = 1_000, 4_000  # by the first, every buffer has its full size
EACH = 1_000  # bytes for a release: its number, its times, and where its bundle is are some 400


def test_one_more_release_holds_none_of_the_others(tmp_path: Path) -> None:
    """Neither packages nor lines nor the list: of a release that is there, only what its page would tell."""
    megabytes = {}
    for count in (FEW, MANY):
        world = repo.grown(tmp_path / str(count), count)
        repo.fresh(world)
        megabytes[count] = repo.child(world)["megabytes"]
    # Two packages a release: their entries and lines in the list, as they are read, are of 4,000 bytes.
    assert (megabytes[MANY] - megabytes[FEW]) * 2**20 < (MANY - FEW) * EACH
