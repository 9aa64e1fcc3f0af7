"""What the tables of accounts have in common."""

TRACKED = ("id", "revision", "last_event", "resealed_by")  # open columns of every tracked row
