-- How long a kind is kept is a setting of its site, and stands there.
DROP TABLE retention;
