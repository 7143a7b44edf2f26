"""From a document that is valid to one that has reached somebody, or to the reason why not."""
