"""The terminal UI: screens that listen to the engine and ask the person."""
