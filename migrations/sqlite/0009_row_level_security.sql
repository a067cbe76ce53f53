-- Row-level security is PostgreSQL's; SQLite has one user, the host. The twin keeps the version numbers equal.
SELECT 1;
