-- An annotation is the site's, for everybody who sees the site, or its author's alone.
ALTER TABLE annotations ADD COLUMN personal boolean NOT NULL DEFAULT false;
