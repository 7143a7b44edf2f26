"""What is kept and for how long, and what is handed over: evidence, exports, backups."""
