"""Is this document right? From bytes to findings (`validators.pipeline.validate`)."""
