"""Moves the clock of every Python program that finds this file, before anything of it runs."""

import os
from datetime import timedelta

from importer import clock

_now, _ahead = clock.utc_now, timedelta(seconds=float(os.environ["SECONDS_AHEAD"]))
clock.utc_now = lambda: _now() + _ahead
