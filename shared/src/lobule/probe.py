"""`python -m lobule.probe URL`: the images' health check; exit status 0 if the address answers with success."""

import sys
import urllib.error
import urllib.request


def main() -> int:
    """Request the address once; print the reason if it fails."""
    try:
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # a proxy does not reach this container
        with direct.open(sys.argv[1], timeout=4) as answer:
            answer.read()
            return 0
    except urllib.error.HTTPError as error:
        print(f"{error.code}: {error.read(500).decode(errors='replace')}", file=sys.stderr)
    except OSError as error:
        print(error, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
