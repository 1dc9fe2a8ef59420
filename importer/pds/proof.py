"""Checking signatures of an account's key."""

from __future__ import annotations

from collections.abc import Callable


def verifier(did_key: str) -> Callable[[bytes, bytes], bool]:
    """A function that says whether this key (`did:key:z…`) made a signature of a message.

    Signatures have 64 bytes: ECDSA with SHA-256 over P-256 or K-256, with a low S
    (https://atproto.com/specs/cryptography).
    """
    # Imported here: only proofs need it.
    from atproto_crypto.exceptions import AtProtocolError
    from atproto_crypto.verify import verify_signature

    def verify(message: bytes, signature: bytes) -> bool:
        try:
            return bool(verify_signature(did_key, message, signature))
        except (AtProtocolError, ValueError):
            return False

    return verify
