"""Reports that networks want of us."""
