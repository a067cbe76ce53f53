//! Asks a server whether it lets the user `postgres` in without a password, in PostgreSQL's own protocol: there may be
//! no psql here, and a client library is too much for one question.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

const PROTOCOL_3: u32 = 3 << 16;

/// Whether a server at 127.0.0.1 takes us in as `postgres` and is ready for queries.
pub fn trusts_us(port: u16, patience: Duration) -> bool {
    ask(port, patience).unwrap_or(false)
}

fn ask(port: u16, patience: Duration) -> std::io::Result<bool> {
    let mut stream = TcpStream::connect_timeout(&SocketAddr::from((Ipv4Addr::LOCALHOST, port)), patience)?;
    stream.set_read_timeout(Some(patience))?;
    stream.write_all(&startup_message())?;
    loop {
        let mut head = [0; 5];
        stream.read_exact(&mut head)?;
        let [kind, length @ ..] = head;
        let mut body = vec![0; (u32::from_be_bytes(length) as usize).saturating_sub(4).min(1 << 16)];
        stream.read_exact(&mut body)?;
        match kind {
            // AuthenticationOk is 0; anything else asks for a password.
            b'R' if body.starts_with(&[0, 0, 0, 0]) => {}
            // ReadyForQuery. Not before: a server that is starting up refuses after the authentication.
            b'Z' => {
                stream.write_all(&[b'X', 0, 0, 0, 4])?;
                return Ok(true);
            }
            // Parameters, the cancel key, notices.
            b'S' | b'K' | b'N' => {}
            _ => return Ok(false),
        }
    }
}

fn startup_message() -> Vec<u8> {
    let mut body = PROTOCOL_3.to_be_bytes().to_vec();
    body.extend_from_slice(b"user\0postgres\0database\0postgres\0\0");
    let mut message = (body.len() as u32 + 4).to_be_bytes().to_vec();
    message.extend(body);
    message
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    fn server_that_answers(answer: &'static [u8]) -> u16 {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut asked = vec![0; startup_message().len()];
            stream.read_exact(&mut asked).unwrap();
            stream.write_all(answer).unwrap();
            stream.read_to_end(&mut asked).ok();
        });
        port
    }

    #[test]
    fn a_server_that_is_ready_trusts_us() {
        let port = server_that_answers(b"R\0\0\0\x08\0\0\0\0S\0\0\0\x08a\0b\0Z\0\0\0\x05I");
        assert!(trusts_us(port, Duration::from_secs(5)));
    }

    #[test]
    fn a_server_that_wants_a_password_does_not() {
        let port = server_that_answers(b"R\0\0\0\x08\0\0\0\x03");
        assert!(!trusts_us(port, Duration::from_secs(5)));
    }

    #[test]
    fn a_server_that_is_starting_up_is_not_ready() {
        let port = server_that_answers(b"R\0\0\0\x08\0\0\0\0E\0\0\0\x05\0");
        assert!(!trusts_us(port, Duration::from_secs(5)));
    }

    #[test]
    fn no_server_is_no() {
        let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
        assert!(!trusts_us(port, Duration::from_secs(1)));
    }
}
