"""What allows a call: a token, alone or bound to a key that signs each call (DPoP, RFC 9449)."""

from __future__ import annotations

import hashlib
import math
import secrets
import time
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Protocol

import httpx

if TYPE_CHECKING:
    from joserfc.jwk import ECKey

NONCE_WANTED = "use_dpop_nonce"
"""The error of a server that wants its newest nonce in the proof."""
PROOF_REFUSED = frozenset({NONCE_WANTED, "invalid_dpop_proof"})
"""What a server says of a proof without what only its answer tells, its nonce or its time: to be
sent again, that is all."""
# The reference PDS changes its nonce every minute, and takes the two before; others do in five.
_NONCE_SECONDS = 60.0
# Proofs may be three minutes old, or young.
_CLOCK_SECONDS = 30.0


class Authorization(Protocol):
    """Allows calls. May be used from several threads."""

    @property
    def token(self) -> str:
        """The access token."""

    def headers(self, method: str, url: httpx.URL) -> dict[str, str]:
        """The headers for one call; they serve once."""

    def heard(self, url: httpx.URL, headers: Mapping[str, str]) -> None:
        """Take note of what the answer says for the calls to come."""

    def is_current(self, url: httpx.URL) -> bool:
        """Whether a server will not refuse the next call only to tell its nonce."""


@dataclass(frozen=True, slots=True)
class Bearer:
    """A token that is good in anybody's hands."""

    token: str = field(repr=False)

    def headers(self, method: str, url: httpx.URL) -> dict[str, str]:
        """The token."""
        return {"Authorization": f"Bearer {self.token}"}

    def heard(self, url: httpx.URL, headers: Mapping[str, str]) -> None:
        """Nothing changes."""

    def is_current(self, url: httpx.URL) -> bool:
        """It always is."""
        return True


class ProofKey:
    """A key that signs proofs, and the nonces that servers want in them (ES256, RFC 9449)."""

    def __init__(self, key: ECKey) -> None:
        self._key = key
        self._nonces: dict[tuple[str, str, int | None], tuple[str, float]] = {}
        self._clock_error = 0.0

    def __repr__(self) -> str:
        return "ProofKey()"

    @classmethod
    def made(cls) -> ProofKey:
        """A new one."""
        # Loading it takes a tenth of a second, and passwords never need it.
        from joserfc.jwk import ECKey

        return cls(ECKey.generate_key("P-256", auto_kid=False))

    @classmethod
    def read(cls, jwk: Mapping[str, str]) -> ProofKey:
        """One that was kept.

        Raises:
            ValueError: it is no key.
        """
        from joserfc.jwk import ECKey

        return cls(ECKey.import_key(dict(jwk)))

    def kept(self) -> dict[str, str]:
        """The private JWK: a secret."""
        return {name: str(value) for name, value in self._key.as_dict(private=True).items()}

    def proof(self, method: str, url: httpx.URL, token: str = "") -> str:
        """Prove that a call, with a token or without, is made by the holder of the key."""
        from joserfc import jwt

        claims: dict[str, Any] = {
            "jti": secrets.token_urlsafe(16),
            "htm": method,
            "htu": str(url.copy_with(query=None, fragment=None)),
            "iat": int(time.time() + self._clock_error),
        }
        if known := self._nonces.get(_origin(url)):
            claims["nonce"] = known[0]
        if token:
            digest = hashlib.sha256(token.encode()).digest()
            claims["ath"] = urlsafe_b64encode(digest).rstrip(b"=").decode()
        header = {"typ": "dpop+jwt", "alg": "ES256", "jwk": self._key.as_dict(private=False)}
        return jwt.encode(header, claims, self._key, algorithms=["ES256"])

    def heard(self, url: httpx.URL, headers: Mapping[str, str]) -> None:
        """Remember the nonce a server wants in the next proof, and its time if ours is wrong."""
        if nonce := headers.get("dpop-nonce"):
            self._nonces[_origin(url)] = nonce, time.monotonic()
        with suppress(ValueError):
            away = parsedate_to_datetime(headers.get("date", "")).timestamp() - time.time()
            self._clock_error = away if abs(away) > _CLOCK_SECONDS else 0.0

    def is_current(self, url: httpx.URL) -> bool:
        """Whether the server has told its nonce just now."""
        _, heard_at = self._nonces.get(_origin(url), ("", -math.inf))
        return time.monotonic() - heard_at < _NONCE_SECONDS


@dataclass(frozen=True, slots=True)
class Bound:
    """A token that is good in the hands of a key's holder alone."""

    token: str = field(repr=False)
    key: ProofKey

    def headers(self, method: str, url: httpx.URL) -> dict[str, str]:
        """The token, and the proof for this very call."""
        proof = self.key.proof(method, url, self.token)
        return {"Authorization": f"DPoP {self.token}", "DPoP": proof}

    def heard(self, url: httpx.URL, headers: Mapping[str, str]) -> None:
        """Remember the server's nonce."""
        self.key.heard(url, headers)

    def is_current(self, url: httpx.URL) -> bool:
        """Whether the server has told its nonce just now."""
        return self.key.is_current(url)


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port
