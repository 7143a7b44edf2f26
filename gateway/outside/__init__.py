"""HTTP to addresses that a tenant named: webhooks, linked attachments.

Such an address is hostile input: it may lead to the gateway's own network, to the machine itself,
or to a server that answers slowly, without end, or with a redirect to either. Everything that goes
to one passes through here.
"""
