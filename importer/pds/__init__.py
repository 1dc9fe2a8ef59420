"""The outside world of servers: XRPC, sessions, identity, blobs, limits."""
