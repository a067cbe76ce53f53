//! Switches Nagle's algorithm off on connections to PostgreSQL.
//!
//! sqlx leaves it on: what takes more than one write (a batch of more than 16 KiB under TLS) then lies in the kernel
//! until the server's delayed acknowledgement, up to 40 ms, and batches come to a tenth of the speed. sqlx does not
//! show its sockets either, so they are found among this process's own by the port they lead to.

use socket2::SockRef;
use std::os::fd::{BorrowedFd, RawFd};

/// Where Linux and the BSDs list a process's own descriptors.
const LISTS: [&str; 2] = ["/proc/self/fd", "/dev/fd"];

/// Switches it off on every TCP connection of this process to `port`, whichever address stands before it. Where the
/// descriptors cannot be listed, nothing happens: connections are slower then, not wrong.
pub(crate) fn on_connections_to(port: u16) {
    let Some(entries) = LISTS.iter().find_map(|list| std::fs::read_dir(list).ok()) else { return };
    for number in entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<RawFd>().ok()) {
        // SAFETY: the descriptor is only asked for its peer and given an option. Should it be closed meanwhile, the
        // calls fail; should another socket have got its number, it is one that leads to the port as well, or stays
        // as it is.
        let descriptor = unsafe { BorrowedFd::borrow_raw(number) };
        let socket = SockRef::from(&descriptor);
        let leads_there = socket.peer_addr().ok().and_then(|peer| peer.as_socket()).is_some_and(|p| p.port() == port);
        if leads_there && let Err(error) = socket.set_tcp_nodelay(true) {
            tracing::debug!(%error, "a connection to the database keeps Nagle's algorithm");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{TcpListener, TcpStream};

    #[test]
    fn only_connections_to_the_port_are_touched() {
        let (one, other) = (TcpListener::bind("127.0.0.1:0").unwrap(), TcpListener::bind("127.0.0.1:0").unwrap());
        let wanted = TcpStream::connect(one.local_addr().unwrap()).unwrap();
        let unwanted = TcpStream::connect(other.local_addr().unwrap()).unwrap();
        on_connections_to(one.local_addr().unwrap().port());
        assert!(wanted.nodelay().unwrap());
        assert!(!unwanted.nodelay().unwrap());
    }
}
