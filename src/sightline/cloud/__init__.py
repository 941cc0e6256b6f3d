"""What acts on AWS: secrets, cost, tags, dashboards, verification."""
