"""Tokaway's engine and headless command: a TikTok export becomes records on a PDS."""

__version__ = "0.1.0"
