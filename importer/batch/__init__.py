"""Many imports at once: their file, whose turn it is, the work, and what is told of it."""
