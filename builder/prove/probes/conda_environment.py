"""Make an environment hold what channels (URLs with blanks between) have: PREFIX CACHE CHANNELS [SPEC…]."""

import asyncio
import os
import sys

from rattler import Platform, install, solve  # type: ignore[import-not-found]  # on the path of who starts it


async def main() -> None:
    """Solve for the specs, and install exactly that; without any, nothing stays."""
    prefix, cache, channels, *specs = sys.argv[1:]
    platforms = [Platform("linux-64"), Platform("noarch")]
    found = await solve(channels.split(), specs, platforms=platforms, virtual_packages=[]) if specs else []
    await install(found, prefix, cache_dir=cache, show_progress=False)


try:
    asyncio.run(main())
except Exception as error:  # noqa: BLE001  its errors have no base of their own
    print(error, file=sys.stderr, flush=True)  # noqa: T201
    os._exit(1)
# Its threads may outlive the interpreter, which then aborts.
os._exit(0)
