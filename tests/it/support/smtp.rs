//! A loopback SMTP server with a temper.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;

/// What it does with mail.
#[derive(Clone, Copy, Debug)]
pub enum Temper {
    Friendly,
    /// 550 for this recipient.
    RefusesRecipient(&'static str),
    /// 554 for every message.
    RefusesAll,
}

/// The server.
pub struct Smtp {
    pub port: u16,
    temper: Arc<Mutex<Temper>>,
    taken: Arc<AtomicUsize>,
    listening: AbortHandle,
}

impl Smtp {
    pub async fn start(temper: Temper) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let (temper, taken) = (Arc::new(Mutex::new(temper)), Arc::new(AtomicUsize::new(0)));
        let (theirs, count) = (Arc::clone(&temper), Arc::clone(&taken));
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (temper, count) = (Arc::clone(&theirs), Arc::clone(&count));
                tokio::spawn(async move { talk(stream, &temper, &count).await });
            }
        });
        Self { port, temper, taken, listening: accepting.abort_handle() }
    }

    /// Changes its mind.
    pub fn becomes(&self, temper: Temper) {
        *self.temper.lock().expect("lock") = temper;
    }

    /// Messages it has taken.
    pub fn taken(&self) -> usize {
        self.taken.load(Ordering::SeqCst)
    }

    /// Stops listening; the port is nobody's then.
    pub async fn stop(self) -> u16 {
        self.listening.abort();
        while TcpStream::connect(("127.0.0.1", self.port)).await.is_ok() {
            tokio::task::yield_now().await;
        }
        self.port
    }
}

async fn talk(stream: TcpStream, temper: &Mutex<Temper>, taken: &AtomicUsize) -> Option<()> {
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    write.write_all(b"220 sink\r\n").await.ok()?;
    while let Some(line) = lines.next_line().await.ok()? {
        let temper = *temper.lock().expect("lock");
        let answer = match (line.split(' ').next()?, temper) {
            ("EHLO" | "HELO", _) => "250 sink\r\n",
            ("RCPT", Temper::RefusesRecipient(who)) if line.contains(who) => "550 no such user\r\n",
            ("DATA", _) => {
                write.write_all(b"354 go on\r\n").await.ok()?;
                while lines.next_line().await.ok()?? != "." {}
                if matches!(temper, Temper::RefusesAll) {
                    "554 not here\r\n"
                } else {
                    taken.fetch_add(1, Ordering::SeqCst);
                    "250 taken\r\n"
                }
            }
            ("QUIT", _) => "221 bye\r\n",
            _ => "250 ok\r\n",
        };
        write.write_all(answer.as_bytes()).await.ok()?;
    }
    Some(())
}
