"""Service tokens, as strictly checked as the services do: audience, method, end and signature."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from importer.pds.identity import signing_key
from importer.pds.proof import verifier


class Denied(Exception):
    """An answer that is an error."""

    def __init__(self, status: int, error: str, message: str = "", **more: Any) -> None:
        super().__init__(error)
        self.status = status
        self.body = {"error": error, "message": message or error, **more}


class TokenCheck:
    """Tells whose a token is, by the keys that a directory has."""

    def __init__(self, plc_url: str) -> None:
        self._plc = plc_url
        self._keys: dict[str, Callable[[bytes, bytes], bool]] = {}

    def forget_keys(self) -> None:
        """Look them up anew: they are others now."""
        self._keys.clear()

    def whose(self, token: str, audience: str, method: str, now: datetime) -> str:
        """The account that a token is of.

        Raises:
            Denied: it is not good for this.
        """
        try:
            head, payload, signature = token.split(".")
            claims = json.loads(_decoded(payload))
            signed = f"{head}.{payload}".encode()
            did, ends = str(claims["iss"]), int(claims["exp"])
            is_right = self._key(did)(signed, _decoded(signature))
        except (KeyError, ValueError) as error:
            raise Denied(401, "BadJwt", "the token cannot be read") from error
        if not is_right:
            raise Denied(401, "BadJwtSignature", "not signed by the account's key")
        if ends < now.timestamp():
            raise Denied(401, "JwtExpired", "the token has ended")
        if claims.get("aud") != audience:
            raise Denied(401, "BadJwtAudience", f"for {claims.get('aud')}, not for {audience}")
        if claims.get("lxm") != method:
            raise Denied(401, "BadJwtLexiconMethod", f"for {claims.get('lxm')}, not for {method}")
        return did

    def _key(self, did: str) -> Callable[[bytes, bytes], bool]:
        if did not in self._keys:
            self._keys[did] = verifier(signing_key(did, plc=self._plc))
        return self._keys[did]


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
