"""The console's pages of jobs: what died, what comes round, files of customers, and exports."""
