"""What is kept: documents, their journeys, events and jobs; `port.py` is what the gateway sees."""
