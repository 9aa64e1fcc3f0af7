"""Invented people for demonstrations, trials and measurements. Nobody in here exists."""
