"""Weeks that pass in seconds: for the program, its servers and the video service alike."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

from importer.demo.local_pds import LocalPds
from tests.end_to_end.command_line import ROOT
from tests.video_stand_in import VideoStandIn

AHEAD = Path(__file__).with_name("ahead")


class FakedTime:
    """The machine's time, moved on; between two moves it passes as ever. Use it with `with`."""

    def __init__(self, service: VideoStandIn | None, *servers: LocalPds) -> None:
        self._servers = servers
        self._ahead = timedelta()
        if service:
            service.now = service.pds_now = self.now

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """The servers are others' too."""
        self.pass_to(datetime.now(UTC))

    def now(self) -> datetime:
        """What time it is."""
        return datetime.now(UTC) + self._ahead

    def pass_to(self, moment: datetime) -> None:
        """It is that moment now."""
        self._ahead = max(timedelta(), moment - datetime.now(UTC))
        for server in self._servers:
            server.turn_clock(self._ahead)

    def pass_by(self, span: timedelta) -> None:
        """So much has passed."""
        self.pass_to(self.now() + span)

    @property
    def variables(self) -> dict[str, str]:
        """The environment in which the program lives in this time."""
        return {
            "PYTHONPATH": os.pathsep.join(map(str, (AHEAD, ROOT))),
            "SECONDS_AHEAD": str(self._ahead.total_seconds()),
        }
