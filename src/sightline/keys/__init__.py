"""KMS or a local root key; root, tenant and data keys; wrapping, cache, rotation, destruction."""
