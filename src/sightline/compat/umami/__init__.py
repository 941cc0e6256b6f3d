"""Umami's HTTP API over our accounts, sites and reports: whoever moves from Umami changes one host name.

`application` is the mounted app: it finds the route in `table`, asks `callers` who calls, and lets the route answer.
The routes stand in one file per area, each in a table of its own: method, path, what it needs, which pages of a share
it belongs to, and the function. UUIDs go in and out; a 64-bit id of ours never does.
"""
