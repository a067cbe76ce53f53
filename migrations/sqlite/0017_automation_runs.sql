-- How often an automation has run since the start of its hour, so that one that runs too often is stopped as hot.

ALTER TABLE automations ADD COLUMN hour_begins INTEGER NOT NULL DEFAULT 0;
ALTER TABLE automations ADD COLUMN runs INTEGER NOT NULL DEFAULT 0;
