"""Who has proved who they are: how each company stands, what it was asked, and what is kept."""
