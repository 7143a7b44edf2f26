"""What operators and people did, so that nobody can change it afterwards unseen."""
