"""How documents come in: into the inbox of the company they are for."""
