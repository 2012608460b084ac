#!/usr/bin/env python3
"""Whether this container's service is well: ends with 0 when HEALTH_URL answers with success, else with 1."""

import os
import sys
import urllib.error
import urllib.request

_SECONDS = 4

# Nothing between a container and itself.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))

try:
    _OPENER.open(os.environ["HEALTH_URL"], timeout=_SECONDS).close()
except (OSError, urllib.error.URLError) as error:
    sys.exit(f"{os.environ['HEALTH_URL']}: {error}")
