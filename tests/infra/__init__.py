"""The gate of the AWS templates: run in the CDK's environment, by `make check-infra`."""
