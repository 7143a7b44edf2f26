"""UN/CEFACT's Cross Industry Invoice (CII): what is inside Factur-X and ZUGFeRD."""
