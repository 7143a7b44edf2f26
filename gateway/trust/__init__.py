"""Who may do what here: accounts, keys, people and their roles, and who has proved who they are."""
