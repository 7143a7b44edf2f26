"""By which channels a document may go, in which order, and why or why not."""
