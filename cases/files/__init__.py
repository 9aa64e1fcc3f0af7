"""What may come in as a file, and how it is looked into. Knows of no case and no person."""
