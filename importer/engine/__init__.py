"""Choosing what may start now, and doing it."""
