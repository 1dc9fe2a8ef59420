"""Who does the steps of a batch: threads of this machine, or a Dask cluster."""

from __future__ import annotations

from contextlib import AbstractContextManager

from importer.batch.file import Bounds
from importer.engine.workers import Threads, Workers
from importer.errors import UserError


def hands(bounds: Bounds) -> AbstractContextManager[Workers]:
    """Threads, or a cluster that fetches and prepares; they end with the block.

    Raises:
        UserError: a cluster is named, and Dask is not installed.
        Unreachable: its scheduler does not answer.
    """
    if bounds.cluster is None:
        return Threads(bounds.steps)
    try:
        from importer.cluster.opening import cluster
    except ImportError as error:
        raise UserError(
            "To work with a cluster, Tokaway needs Dask, which is not installed.",
            hint="pip install 'tokaway[dask]'",
            code="no_dask",
        ) from error
    return cluster(bounds.cluster, bounds.steps, bounds.store)
