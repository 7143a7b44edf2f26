"""From the bytes that came to a document that can be sent, or to findings in the caller's words."""
