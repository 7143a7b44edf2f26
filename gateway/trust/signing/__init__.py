"""How somebody signs for a company: a port, and a driver for each signing service."""
