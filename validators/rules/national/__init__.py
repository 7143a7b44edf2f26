"""National rules of Peppol BIS Billing, a module for each country."""
