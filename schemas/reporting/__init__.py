"""The reports of a Peppol service provider, TSR and EUSR: the structure as facts."""
