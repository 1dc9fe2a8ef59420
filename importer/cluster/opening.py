"""From the address of a cluster to workers that can be relied on."""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import distributed

from importer import __version__
from importer.cluster.sending import Cluster
from importer.cluster.store import Store
from importer.cluster.working import look, version
from importer.engine.workers import Threads
from importer.errors import TryLater, Unreachable, UserError
from importer.model import Stage

_CONNECT_SECONDS = 5.0


@contextmanager
def cluster(
    address: str, threads: Mapping[Stage, int], store: str | None = None
) -> Iterator[Cluster]:
    """Work with the cluster whose scheduler is at an address.

    Args:
        address: of the scheduler.
        threads: how many steps of each stage are done here, where they are.
        store: the URL of the store through which files go; without one, all see the archives.

    Raises:
        Unreachable: no scheduler answers there, or it has no workers; the store cannot be used.
        UserError: a worker has another version of Tokaway, or none; there is no such store.
    """
    through = Store(store) if store else None
    if through:
        through.check()
    try:
        client = distributed.Client(address, timeout=_CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:
        raise Unreachable(
            f"No Dask scheduler answers at {address}. Nothing was sent.",
            hint="Start one (dask scheduler), and check the address that it prints.",
            code="no_cluster",
        ) from error
    with client, Threads(threads) as own:
        _check(client, address)
        if through:
            _check_store(client, through)
        workers = Cluster(client, own, through)
        try:
            yield workers
        finally:
            workers.close()


def _check(client: distributed.Client, address: str) -> None:
    try:
        versions: dict[str, str] = client.run(version)
    except ImportError as error:
        raise _other_version("none", address) from error
    if not versions:
        raise Unreachable(
            f"The Dask scheduler at {address} has no workers. Nothing was sent.",
            hint=f"Start some on machines that see the archives: dask worker {address}",
            code="no_workers",
        )
    for worker, its in versions.items():
        if its != __version__:
            raise _other_version(its, worker)


def _other_version(its: str, where: str) -> UserError:
    return UserError(
        f"The workers of the cluster must have Tokaway {__version__}; at {where} it is {its}.",
        hint=f"Install it there: pip install 'tokaway[dask]=={__version__}'",
        code="worker_version",
    )


def _check_store(client: distributed.Client, store: Store) -> None:
    """See that all of them write and read the same store."""
    name = f"tokaway-check.{uuid.uuid4().hex}"
    try:
        with tempfile.TemporaryDirectory(prefix="tokaway-") as folder:
            path = Path(folder) / "check"
            path.write_text(name, encoding="ascii")
            store.put(path, name)
    except TryLater as trouble:
        raise _not_usable(trouble.text) from trouble
    try:
        troubles: dict[str, str] = client.run(look, store, name)
        if found := next(filter(None, troubles.values()), None):
            raise _not_usable(f"A worker of the cluster cannot use the store. {found}")
    finally:
        with suppress(TryLater):
            store.remove(store.names(name))


def _not_usable(why: str) -> Unreachable:
    for end in (" Nothing is lost.", " Nothing was sent."):
        why = why.removesuffix(end)
    return Unreachable(
        f"{why} Nothing was sent.",
        hint="The bucket or folder must be there already; here and on every worker its library "
        "must be installed, and its keys be where that looks for them.",
        code="no_store",
    )
