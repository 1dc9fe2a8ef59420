"""What one step does: one function each over one post."""
