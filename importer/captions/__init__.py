"""Finding what the export lacks: files and captions the creator already has."""
