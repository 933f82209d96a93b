"""Where in the field the evidence lies, and what the first layer sees."""
