"""From a post to its record: text, keys, lexicons. Pure."""
