"""The truth about one creator's import: the only room that speaks SQL."""
