-- When the host that works on a run last gave a sign of life: what a host that has died can have used at most.
ALTER TABLE agent_runs ADD COLUMN beat_at INTEGER;
