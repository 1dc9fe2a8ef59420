"""From a handle or DID to the server that holds the account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from importer.errors import TryLater, Unreachable, UserError
from importer.model import Account
from importer.pds.xrpc import Server, XrpcError

if TYPE_CHECKING:
    from atproto_core.did_doc import DidDocument

# What directories answer about a DID that is malformed, unknown or given up.
_NO_SUCH = frozenset({400, 404, 410})


def find_pds(identifier: str, *, plc: str | None = None) -> str:
    """The URL of the server that an account's DID document names.

    `plc` is the URL of the directory of did:plc, if not the usual one.

    Raises:
        UserError: no account has this name.
        Unreachable: the directories that know do not answer.
    """
    document = _document(identifier, plc)
    pds = document.get_pds_endpoint() if document else None
    if not pds:
        raise UserError(
            f"No account {identifier} was found.",
            hint="Check the spelling (a handle looks like name.bsky.social) and the network, or "
            "name the account's server with --pds URL.",
            code="no_account",
        )
    return str(pds)


def signing_key(did: str, *, plc: str | None = None) -> str:
    """The key (`did:key:z…`) with which an account's server signs its repository.

    `plc` is the URL of the directory of did:plc, if not the usual one.

    Raises:
        UserError: no account has this DID, or it names no key.
        Unreachable: the directories that know do not answer.
    """
    document = _document(did, plc)
    key = document.get_did_key() if document else None
    if not key:
        raise UserError(
            f"The document of {did} names no key, so nothing can be proved with it.",
            hint="Verify without --prove.",
            code="no_key",
        )
    return str(key)


def _document(identifier: str, plc: str | None = None) -> DidDocument | None:
    # Imported here: only needed without --pds, and slow to load.
    import httpx
    from atproto_identity.did.resolver import DidResolver
    from atproto_identity.exceptions import AtProtocolError

    directories = DidResolver(plc_url=plc, timeout=10)
    try:
        did = identifier if identifier.startswith("did:") else _did_of(identifier)
        return directories.resolve(did) if did else None
    except AtProtocolError as error:
        cause = error.__cause__
        told = isinstance(cause, httpx.HTTPStatusError) and cause.response.status_code in _NO_SUCH
        if cause and not told:  # the directory did not answer, so nobody knows
            raise _unreachable(identifier, cause) from error
        raise UserError(
            f"{identifier} is not the name of an account ({error}).",
            hint="A handle looks like name.bsky.social.",
            code="no_account",
        ) from error
    except Exception as error:  # the resolver lets DNS and HTTP errors of several kinds through
        raise _unreachable(identifier, error) from error
    finally:
        # The SDK offers no way to close its connections.
        for method in directories._methods.values():
            method._client.close()


def _did_of(handle: str) -> str | None:
    # Imported here: only needed for an account that is not known yet.
    from atproto_identity.handle.resolver import HandleResolver

    names = HandleResolver(timeout=10)
    try:
        did: str | None = names.resolve(handle)
        return did
    finally:
        names._http_client.close()


def find_account(server: Server, identifier: str) -> Account:
    """The account of a handle or DID, as the server that holds it tells anyone.

    Raises:
        UserError: this server has no such account.
        Unreachable: the server does not answer.
    """
    try:
        told = server.query("com.atproto.repo.describeRepo", {"repo": identifier}).body
    except TryLater as trouble:
        raise Unreachable(
            f"{trouble.text} Nothing was sent.",
            hint="Check the network and the server's address (--pds), then try again.",
        ) from trouble
    except XrpcError as refusal:
        raise UserError(
            f"{server.host} does not have the account {identifier} ({refusal}).",
            hint="Check its spelling (--to), and the server's address if you gave one (--pds).",
            code="no_account",
        ) from refusal
    did = told.get("did")
    if not (isinstance(did, str) and did.startswith("did:")):
        raise UserError(
            f"{server.host} does not answer as a server of accounts does.",
            hint="Check the server's address, if you gave one (--pds).",
            code="no_account",
        )
    return Account(did, str(told.get("handle") or identifier), server.url)


def _unreachable(identifier: str, error: BaseException) -> Unreachable:
    return Unreachable(
        f"The account {identifier} could not be looked up ({type(error).__name__}). "
        "Nothing was sent.",
        hint="Check the network, or name the account's server with --pds URL.",
    )
