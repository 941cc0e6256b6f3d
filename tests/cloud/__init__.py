"""What acts on AWS: estimates from the shipped templates, and commands against moto over HTTP."""
