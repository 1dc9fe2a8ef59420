"""Whose certificates connections trust: one list for all of them."""

from __future__ import annotations

import functools
import ssl

import httpx


@functools.cache
def trusted() -> ssl.SSLContext:
    """The list, as HTTPX makes it for each client: reading it takes longer than many a call."""
    return httpx.create_ssl_context()
