"""Reports over events: each is one Ibis expression that DuckDB, PostgreSQL and Spark run alike.

A request becomes a *question* (what is asked, with every value in a `Value`); `binding.shaped` splits it into a shape,
by which the compiled SQL is cached, and its values, which are bound. Nothing that somebody sent stands in SQL.
"""
