//! What is left after a crash, a shutdown, a second host.

mod flows;
mod kill;
mod outage;
