//! Steps that look around.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::net::{TcpStream, ToSocketAddrs, UdpSocket};
use std::time::{Instant, SystemTime};

use stepwright_sdk::prelude::*;

/// What the surroundings show: variables, arguments, files, sockets, names.
#[step]
pub fn env_probe() -> Result<Value, Fault> {
    let file = |path: &str| seen(std::fs::read_to_string(path));
    let list = |path: &str| seen(std::fs::read_dir(path).map(Iterator::count));
    let connect = |address: &str| seen(TcpStream::connect(address).map(drop));
    Ok(json!({
        "env": std::env::vars().collect::<BTreeMap<_, _>>(),
        "args": std::env::args().collect::<Vec<_>>(),
        "directory": seen(std::env::current_dir()),
        "files": {"/etc/passwd": file("/etc/passwd"), "Cargo.toml": file("Cargo.toml")},
        "lists": {"/": list("/"), ".": list(".")},
        "write": seen(std::fs::write("/tmp/stepwright-probe", "x")),
        "tcp": {"127.0.0.1:80": connect("127.0.0.1:80"), "1.1.1.1:80": connect("1.1.1.1:80")},
        "listen": seen(std::net::TcpListener::bind("0.0.0.0:0").map(drop)),
        "udp": seen(UdpSocket::bind("0.0.0.0:0").map(drop)),
        "dns": seen(("localhost", 80).to_socket_addrs().map(Iterator::count)),
    }))
}

fn seen<T: Debug, E: Debug>(result: Result<T, E>) -> Value {
    match result {
        Ok(value) => json!({"ok": format!("{value:?}")}),
        Err(error) => json!({"err": format!("{error:?}")}),
    }
}

/// What the clocks and the random source say.
#[step]
#[expect(clippy::disallowed_methods, reason = "the system clock is what the host shows")]
pub fn random_clock() -> Result<Value, Fault> {
    let started = Instant::now();
    let wall = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_nanos());
    let mut turns = 0_u64;
    while turns < 100_000 {
        turns = std::hint::black_box(turns + 1);
    }
    Ok(json!({
        "wall_ns": wall.to_string(),
        "elapsed_ns": started.elapsed().as_nanos().to_string(),
        "random": wasip2::random::random::get_random_bytes(16),
        "insecure": wasip2::random::insecure::get_insecure_random_bytes(16),
    }))
}
