-- An execution's row is written again with every step, most often with nothing changed that an index looks at. With room
-- left in its page such a change touches no index; without, it touches all of them. The documents compress as well with
-- lz4 as with the default, in a fraction of the time; a server built without it keeps the default.
ALTER TABLE executions SET (fillfactor = 60);
DO $$
BEGIN
    ALTER TABLE executions ALTER COLUMN doc SET COMPRESSION lz4;
    ALTER TABLE history ALTER COLUMN doc SET COMPRESSION lz4;
EXCEPTION WHEN feature_not_supported OR syntax_error OR invalid_parameter_value THEN
    RAISE NOTICE 'the server has no lz4';
END
$$;
