//! An SMTP server on this machine that behaves as told and remembers what it got.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// How the server behaves; an answer is a whole line without its end.
#[derive(Clone, Default)]
pub struct Manners {
    pub greeting: Option<&'static str>,
    pub extensions: &'static [&'static str],
    pub auth: Option<&'static str>,
    pub mail: Option<&'static str>,
    /// Answers to single recipients.
    pub recipients: HashMap<&'static str, &'static str>,
    pub end_of_data: Option<&'static str>,
    /// Accepts the connection and says nothing.
    pub silent: bool,
    /// Takes its time over the end of each message.
    pub slow: Duration,
}

/// One message as it arrived.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Received {
    pub from: String,
    pub to: Vec<String>,
    pub data: String,
}

/// What the server has seen.
#[derive(Default)]
pub struct Seen {
    pub messages: Mutex<Vec<Received>>,
    pub commands: Mutex<Vec<String>>,
    pub connections: AtomicUsize,
    pub most_at_once: AtomicUsize,
    open: AtomicUsize,
}

impl Seen {
    pub fn messages(&self) -> Vec<Received> {
        self.messages.lock().unwrap().clone()
    }
}

/// Starts a server; gives its port.
pub async fn start(manners: Manners) -> (u16, Arc<Seen>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let seen = Arc::new(Seen::default());
    let remembered = Arc::clone(&seen);
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let (manners, seen) = (manners.clone(), Arc::clone(&remembered));
            tokio::spawn(async move {
                seen.connections.fetch_add(1, Ordering::SeqCst);
                let open = seen.open.fetch_add(1, Ordering::SeqCst) + 1;
                seen.most_at_once.fetch_max(open, Ordering::SeqCst);
                let _ = talk(stream, &manners, &seen).await;
                seen.open.fetch_sub(1, Ordering::SeqCst);
            });
        }
    });
    (port, seen)
}

async fn talk(stream: TcpStream, manners: &Manners, seen: &Seen) -> std::io::Result<()> {
    if manners.silent {
        tokio::time::sleep(Duration::from_secs(3_600)).await;
    }
    let mut stream = BufReader::new(stream);
    say(&mut stream, manners.greeting.unwrap_or("220 sink.example ESMTP")).await?;
    let mut received = Received::default();
    let mut line = String::new();
    loop {
        line.clear();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        let command = line.trim_end().to_owned();
        seen.commands.lock().unwrap().push(command.clone());
        let verb = command.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
        match verb.as_str() {
            "EHLO" => {
                let mut answer = "250-sink.example".to_owned();
                for extension in manners.extensions {
                    answer.push_str(&format!("\r\n250-{extension}"));
                }
                say(&mut stream, &format!("{answer}\r\n250 PIPELINING")).await?;
            }
            "AUTH" => say(&mut stream, manners.auth.unwrap_or("235 welcome")).await?,
            "MAIL" => {
                received = Received { from: address(&command), ..Received::default() };
                say(&mut stream, manners.mail.unwrap_or("250 ok")).await?;
            }
            "RCPT" => {
                let to = address(&command);
                let answer = manners.recipients.get(to.as_str()).copied().unwrap_or("250 ok");
                if answer.starts_with('2') {
                    received.to.push(to);
                }
                say(&mut stream, answer).await?;
            }
            "DATA" => {
                say(&mut stream, "354 go on").await?;
                received.data = body(&mut stream).await?;
                tokio::time::sleep(manners.slow).await;
                let answer = manners.end_of_data.unwrap_or("250 queued");
                if answer.starts_with('2') {
                    seen.messages.lock().unwrap().push(received.clone());
                }
                say(&mut stream, answer).await?;
            }
            "QUIT" => {
                say(&mut stream, "221 bye").await?;
                return Ok(());
            }
            _ => say(&mut stream, "250 ok").await?,
        }
    }
}

async fn body(stream: &mut BufReader<TcpStream>) -> std::io::Result<String> {
    let mut data = String::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 || line == ".\r\n" {
            return Ok(data);
        }
        data.push_str(line.strip_prefix('.').unwrap_or(&line));
    }
}

async fn say(stream: &mut BufReader<TcpStream>, line: &str) -> std::io::Result<()> {
    stream.get_mut().write_all(format!("{line}\r\n").as_bytes()).await
}

fn address(command: &str) -> String {
    command.split(['<', '>']).nth(1).unwrap_or_default().to_owned()
}
