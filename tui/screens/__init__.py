"""One screen a step, and the questions between them."""
