"""Open each URL with requests; print whether its certificate was accepted, and fail if one was not."""

import sys

import requests  # type: ignore[import-untyped,unused-ignore]  # the sandbox has it, this machine need not

refused = False
for url in sys.argv[1:]:
    try:
        requests.get(url, timeout=20)
    except OSError as error:
        refused = True
        print(url, "refused", error)  # noqa: T201  what it prints is its verdict
    else:
        print(url, "accepted")  # noqa: T201
sys.exit(refused)
