"""User agents: registrar, authentication, incoming and outgoing calls."""
