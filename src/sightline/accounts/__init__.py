"""Who may do what: tenants, users, sites, roles, permissions, API keys, the audit of access."""
