"""Finding a case by name, number or date of birth: an index in memory, nothing at rest."""
