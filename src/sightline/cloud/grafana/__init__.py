"""Grafana's dashboards as code, and what brings them into a workspace.

Own builders, not `grafana-foundation-sdk`: nine dashboards of one data source need two hundred lines, the SDK is alpha,
has two lines of versions of which pip takes the older, and leaves out the panels' ids.
"""
