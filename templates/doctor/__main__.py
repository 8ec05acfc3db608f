"""Run the doctor from its archive: python3 -I FILE.pyz."""

import os
import sys


def _path():
    """Return where modules are looked for: in the archive, and where Python's own lie.

    Without -I a variable could name a folder with modules that are called as Python's own.
    """
    named = [os.path.abspath(each) for each in os.environ.get("PYTHONPATH", "").split(os.pathsep) if each]
    own = (sys.base_prefix + os.sep, sys.base_exec_prefix + os.sep)
    return [
        sys.path[0],
        *(
            each
            for each in sys.path[1:]
            if each.startswith(own)
            and each not in named
            and not {"site-packages", "dist-packages"} & set(each.split(os.sep))
        ),
    ]


sys.dont_write_bytecode = True  # it writes nothing, nowhere
if not sys.flags.isolated:
    sys.path[:] = _path()

from trust_doctor.main import main  # noqa: E402  after the path is in order

sys.exit(main(sys.argv[1:]))
