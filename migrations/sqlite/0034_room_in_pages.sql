-- Nothing: SQLite changes a row in its place, and the indexes only where their columns change.
SELECT 1;
