"""PostgreSQL: pool, embedded server, migrations, roles and grants."""
