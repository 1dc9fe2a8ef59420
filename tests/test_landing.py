"""Files come to their name whole, or leave nothing behind."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from importer.errors import DiskFull
from importer.landing import landing


def test_a_whole_file_takes_its_name(tmp_path: Path) -> None:
    target = tmp_path / "made.mp4"
    target.write_bytes(b"older")
    with landing(target) as part:
        part.write_bytes(b"newer")
        assert target.read_bytes() == b"older"
    assert target.read_bytes() == b"newer"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize(
    ("error", "raised"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), DiskFull),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), DiskFull),
        (OSError(errno.EIO, "Input/output error"), OSError),
        (KeyboardInterrupt(), KeyboardInterrupt),
    ],
)
def test_a_file_that_is_not_finished_leaves_what_was_there(
    tmp_path: Path, error: BaseException, raised: type[BaseException]
) -> None:
    target = tmp_path / "made.mp4"
    target.write_bytes(b"older")
    with pytest.raises(raised), landing(target) as part:
        part.write_bytes(b"half")
        raise error
    assert target.read_bytes() == b"older"
    assert list(tmp_path.iterdir()) == [target]
