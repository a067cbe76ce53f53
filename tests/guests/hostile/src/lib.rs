//! Steps that misbehave, one for each limit. A step that gets through says so in its output.

mod burn;
mod probe;
mod web;

use burn::{allocate, exit, hostcall_flood, huge_output, log_flood, panic, recurse, sleep, spin, trap};
use probe::{env_probe, random_clock};
use web::{endless_body, fetch};

stepwright_sdk::plugin! {
    hosts: ["127.0.0.1", "localhost", "allowed.example.com", "*.wild.example.com"],
    secrets: ["token"],
    steps: [
        allocate, endless_body, env_probe, exit, fetch, hostcall_flood, huge_output, log_flood, panic, random_clock,
        recurse, sleep, spin, trap,
    ],
}
