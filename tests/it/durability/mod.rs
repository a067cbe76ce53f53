//! What is left after a crash, a shutdown, a second host.

mod agent_kill;
mod flows;
mod kill;
mod outage;
