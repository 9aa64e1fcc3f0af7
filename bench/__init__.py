"""Measurements. Each prints a table; docs/performance.md holds the figures seen."""
