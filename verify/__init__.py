"""Programs for auditors and witnesses. Each file stands alone and needs nothing of Tutela."""
