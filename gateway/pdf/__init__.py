"""The invoice as people read it: A4 by reportlab, and a page of HTML with the same facts."""
