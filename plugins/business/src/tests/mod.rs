mod address;
mod calendar;
mod money;
mod range;
mod summary;

use crate::{Calendar, Day, Instant};

fn day(text: &str) -> Day {
    Day::parse(text).unwrap_or_else(|| panic!("{text} is no date"))
}

fn at(text: &str) -> Instant {
    Instant::parse(text).unwrap_or_else(|| panic!("{text} is no instant"))
}

fn calendar(zone: &str, now: &str) -> Calendar {
    Calendar::new(zone, now).unwrap()
}
