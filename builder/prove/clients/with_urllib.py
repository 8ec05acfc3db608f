"""Open each URL with urllib; print whether its certificate was accepted, and fail if one was not."""

import sys
import urllib.request

refused = False
for url in sys.argv[1:]:
    try:
        with urllib.request.urlopen(url, timeout=20) as answer:  # noqa: S310  our own server
            answer.read()
    except OSError as error:
        refused = True
        print(url, "refused", error)  # noqa: T201  what it prints is its verdict
    else:
        print(url, "accepted")  # noqa: T201
sys.exit(refused)
