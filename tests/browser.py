"""A browser for tests: it opens the address that it is given, and agrees to everything."""

import sys
import urllib.request

if __name__ == "__main__":
    with urllib.request.urlopen(sys.argv[1], timeout=30) as page:  # noqa: S310 - a test's own address
        page.read()
