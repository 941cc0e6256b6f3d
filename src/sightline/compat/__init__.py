"""Other products' HTTP APIs as separate mounted apps, translated to ours."""
