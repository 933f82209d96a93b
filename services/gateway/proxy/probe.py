"""The proxy's health check: it listens. Whether a gateway is behind it is the gateway's own health."""

import sys
import urllib.error
import urllib.request

try:
    urllib.request.urlopen("http://127.0.0.1:8080/proxy-health", timeout=4)
except OSError as error:
    sys.exit(str(error))
