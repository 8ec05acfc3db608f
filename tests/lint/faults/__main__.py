"""Write tests/data/bad anew."""

import shutil
from pathlib import Path

from tests.lint.faults import FAULTS

FOLDER = Path(__file__).parents[2] / "data" / "bad"

if __name__ == "__main__":
    shutil.rmtree(FOLDER, ignore_errors=True)
    for name, data in FAULTS.items():
        path = FOLDER / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
