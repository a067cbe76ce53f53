//! What is left after a crash, a shutdown, a second host.

mod kill;
mod outage;
