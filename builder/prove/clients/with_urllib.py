"""Open each URL with urllib; print whether its certificate was accepted, and fail if one was not."""

import contextlib
import sys
import urllib.error
import urllib.request

refused = False
for url in sys.argv[1:]:
    try:
        with contextlib.suppress(urllib.error.HTTPError):  # an answer, too
            urllib.request.urlopen(url, timeout=20).close()  # noqa: S310  it begins with https://
    except OSError as error:
        refused = True
        print(url, "refused", error)  # noqa: T201  what it prints is its verdict
    else:
        print(url, "accepted")  # noqa: T201
sys.exit(refused)
