"""Tokaway's engine and headless command: a TikTok export becomes records on a PDS."""

import logging

__version__ = "0.1.0"

# What is worth keeping of a run is in its log; among what is printed it would only frighten.
logging.getLogger("tokaway").addHandler(logging.NullHandler())
