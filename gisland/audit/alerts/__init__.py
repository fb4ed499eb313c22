"""What in the audit log somebody should look at: rules that are data, alerts, and the ways by which people are told."""
