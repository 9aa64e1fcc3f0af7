"""Bringing in records kept elsewhere: HTCDS sheets and files in the layout of CTDC."""
