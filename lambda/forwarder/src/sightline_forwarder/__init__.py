"""The forwarder: from a subscription of CloudWatch Logs to Sightline."""
