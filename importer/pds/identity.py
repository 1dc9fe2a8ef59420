"""From a handle or DID to the server that holds the account."""

from __future__ import annotations

from importer.errors import Unreachable, UserError


def find_pds(identifier: str) -> str:
    """The URL of the server that an account's DID document names.

    Raises:
        UserError: no account has this name.
        Unreachable: the directories that know do not answer.
    """
    # Imported here: only needed without --pds, and half a second to load.
    from atproto_identity.exceptions import AtProtocolError
    from atproto_identity.resolver import IdResolver

    resolver = IdResolver(timeout=10)
    try:
        did = identifier if identifier.startswith("did:") else resolver.handle.resolve(identifier)
        document = resolver.did.resolve(did) if did else None
    except AtProtocolError as error:
        raise UserError(
            f"{identifier} is not the name of an account ({error}).",
            hint="A handle looks like name.bsky.social.",
            code="no_account",
        ) from error
    except Exception as error:  # the resolver lets DNS and HTTP errors of several kinds through
        raise Unreachable(
            f"The account {identifier} could not be looked up ({type(error).__name__}). "
            "Nothing was sent.",
            hint="Check the network, or name the account's server with --pds URL.",
        ) from error
    pds = document.get_pds_endpoint() if document else None
    if not pds:
        raise UserError(
            f"There is no account {identifier}.",
            hint="Check the spelling; a handle looks like name.bsky.social.",
            code="no_account",
        )
    return str(pds)
