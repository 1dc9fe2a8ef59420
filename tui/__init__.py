"""The terminal UI: screens that listen to the engine and ask the person; it does none of the work."""
