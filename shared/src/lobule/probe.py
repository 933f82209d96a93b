"""`python -m lobule.probe URL`: the images' health check; exit status 0 if the address answers with success."""

import sys
import urllib.error
import urllib.request


def main() -> int:
    """Request the address once; print the reason if it fails."""
    try:
        with urllib.request.urlopen(sys.argv[1], timeout=4) as answer:  # noqa: S310 - the image's own address
            answer.read()
            return 0
    except urllib.error.HTTPError as error:
        print(f"{error.code}: {error.read(500).decode(errors='replace')}", file=sys.stderr)
    except OSError as error:
        print(error, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
