"""Background work: asked for on a page, done by a worker, and followed on a page of its own."""
