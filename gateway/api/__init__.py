"""The HTTP API: what ERP systems speak with. Every rule of it stands in the OpenAPI description."""
