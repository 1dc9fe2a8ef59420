"""An object store by its URL, as fsspec knows it: files go there and come back under flat names.

Who may use it is fsspec's own affair: it finds keys in the environment or in files of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import fsspec

from importer.errors import TryLater, UserError
from importer.landing import is_full

_TELLING = (FileNotFoundError, PermissionError, ImportError)


@dataclass(frozen=True, slots=True)
class Store:
    """A folder of a store, which is there already: `s3://bucket/folder`. All files lie in it.

    Whatever it does may raise `TryLater`: the store is away, or refuses. That is no post's own
    trouble.
    """

    url: str

    def check(self) -> None:
        """See whether the library for such stores is there.

        Raises:
            UserError: it is not, or there is none.
        """
        try:
            fsspec.get_filesystem_class(urlsplit(self.url).scheme)
        except (ImportError, ValueError) as error:
            raise UserError(
                f"The store {self.url} cannot be used: {error}. Nothing was sent.",
                hint="Install its library here and on every worker: pip install s3fs for s3://, "
                "gcsfs for gs://, adlfs for az://.",
                code="store_library",
            ) from error

    def put(self, path: Path, name: str) -> None:
        """Put a file there, unless it is there already. It is seen when it is whole."""
        with self._telling():
            files, folder = self._files()
            with suppress(FileNotFoundError):
                # What has a name was made with it: only a file that was cut off has another size.
                if files.info(f"{folder}/{name}")["size"] == path.stat().st_size:
                    return
            files.put_file(str(path), f"{folder}/{name}")

    def get(self, name: str, path: Path) -> None:
        """Bring a file from there.

        Raises:
            OSError: there is no room for it here.
        """
        with self._telling(is_coming=True):
            files, folder = self._files()
            files.get_file(f"{folder}/{name}", str(path))

    def names(self, start: str) -> list[str]:
        """The names there that begin so."""
        with self._telling():
            files, folder = self._files()
            try:
                paths = files.ls(folder, detail=False)
            except FileNotFoundError:
                return []  # a folder of an object store is there while something is in it
            names = [str(path).rpartition("/")[2] for path in paths]
            return sorted(name for name in names if name.startswith(start))

    def remove(self, names: list[str]) -> None:
        """Remove files, if they are there."""
        with self._telling():
            files, folder = self._files()
            for name in names:
                with suppress(FileNotFoundError):
                    files.rm_file(f"{folder}/{name}")

    def away(self, why: str) -> TryLater:
        """The trouble with it, in words."""
        return TryLater(
            f"The store {self.url} cannot be used now ({why}). Nothing is lost.",
            hint="Check the connection, and that its keys are still right here and on the "
            "workers; Tokaway tries again by itself.",
            code="store_unreachable",
            whole_stage=True,
            unreachable=True,
            shared=True,
        )

    def _files(self) -> tuple[fsspec.AbstractFileSystem, str]:
        # What others put there must be seen. Each thread has one of its own; fsspec keeps them.
        files, folder = fsspec.url_to_fs(self.url, use_listings_cache=False)
        return files, folder.rstrip("/")

    @contextmanager
    def _telling(self, *, is_coming: bool = False) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            if is_coming and isinstance(error, OSError) and is_full(error):
                raise
            # Each library has errors of its own; others than these may name a signed address.
            more = f": {error}" if isinstance(error, _TELLING) else ""
            # Not `from error`: it goes from worker to sender, and not every error can.
            raise self.away(f"{type(error).__name__}{more}") from None
