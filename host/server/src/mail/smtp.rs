//! One conversation with an SMTP server.
//!
//! Command by command, because lettre's own `send` gives up at the first recipient that is refused, and a mail must
//! reach the others.

use super::message::Prepared;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::{ClientId, Extension, MailParameter};
use lettre::transport::smtp::{Error, client::CertificateStore};
use std::net::SocketAddr;
use std::time::Duration;
use stepwright_app::{Smtp, SmtpMode};

/// For the connection, TLS and the greeting.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// For all of it.
pub const WHOLE_TIMEOUT: Duration = Duration::from_secs(60);

/// A server's refusal, or why there was no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// None: no answer of the server's.
    pub code: Option<u16>,
    pub text: String,
}

impl Refusal {
    /// Trying again will not help.
    pub fn is_permanent(&self) -> bool {
        self.code.is_some_and(|code| code >= 500)
    }

    fn no_answer(text: impl Into<String>) -> Self {
        Self { code: None, text: text.into() }
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.code {
            Some(code) => write!(f, "SMTP_{code} {}", self.text),
            None => f.write_str(&self.text),
        }
    }
}

/// What became of a mail.
#[derive(Debug, PartialEq, Eq)]
pub enum Fate {
    /// The server has it for all but these recipients.
    Taken { refused: Vec<(String, Refusal)> },
    /// The server refused this mail.
    Refused(Refusal),
    /// Every recipient was refused, or some only for now and all-or-nothing was asked for.
    Recipients(Vec<(String, Refusal)>),
    /// The server can't be talked to; other mails will fare no better.
    Unreachable(Refusal),
}

/// Sends one mail within [`WHOLE_TIMEOUT`]. With `partly`, recipients refused for now don't hold up the others.
pub async fn send(smtp: &Smtp, helo: &ClientId, mail: &Prepared, partly: bool) -> Fate {
    match tokio::time::timeout(WHOLE_TIMEOUT, converse(smtp, helo, mail, partly)).await {
        Ok(fate) => fate,
        Err(_) => Fate::Unreachable(Refusal::no_answer(format!(
            "the SMTP server did not finish within {} s",
            WHOLE_TIMEOUT.as_secs()
        ))),
    }
}

async fn converse(smtp: &Smtp, helo: &ClientId, mail: &Prepared, partly: bool) -> Fate {
    let opened = tokio::time::timeout(CONNECT_TIMEOUT, open(smtp, helo)).await;
    let mut connection = match opened {
        Ok(Ok(connection)) => connection,
        Ok(Err(refusal)) => return Fate::Unreachable(refusal),
        Err(_) => {
            let text = format!("the SMTP server did not answer within {} s", CONNECT_TIMEOUT.as_secs());
            return Fate::Unreachable(Refusal::no_answer(text));
        }
    };
    let fate = hand_over(&mut connection, smtp, mail, partly).await;
    // The server has decided; whether it hears the goodbye changes nothing.
    let _ = tokio::time::timeout(Duration::from_secs(1), connection.abort()).await;
    fate
}

async fn open(smtp: &Smtp, helo: &ClientId) -> Result<AsyncSmtpConnection, Refusal> {
    let host = smtp.host.trim();
    let found = tokio::net::lookup_host((host, smtp.port)).await;
    let mut addresses: Vec<SocketAddr> =
        found.map_err(|error| Refusal::no_answer(format!("'{host}' could not be resolved: {error}")))?.collect();
    if smtp.mode == SmtpMode::None {
        // A password, and mail, in clear must not leave the machine, whatever a name resolves to.
        addresses.retain(|address| address.ip().is_loopback());
        if addresses.is_empty() {
            return Err(Refusal::no_answer(format!("mode none is for a loopback server only, and '{host}' is none")));
        }
    }
    let tls = match smtp.mode {
        SmtpMode::None => None,
        SmtpMode::Starttls | SmtpMode::Tls => Some(
            TlsParameters::builder(host.to_owned())
                .certificate_store(CertificateStore::Default)
                .build_rustls()
                .map_err(|error| refusal(&error))?,
        ),
    };
    let each = Some(CONNECT_TIMEOUT / 2);
    let implicit = tls.clone().filter(|_| smtp.mode == SmtpMode::Tls);
    let mut connection = AsyncSmtpConnection::connect_tokio1(addresses.as_slice(), each, helo, implicit, None)
        .await
        .map_err(|error| refusal(&error))?;
    if let (SmtpMode::Starttls, Some(tls)) = (smtp.mode, tls) {
        connection.starttls(tls, helo).await.map_err(|error| refusal(&error))?;
    }
    Ok(connection)
}

async fn hand_over(connection: &mut AsyncSmtpConnection, smtp: &Smtp, mail: &Prepared, partly: bool) -> Fate {
    if let (Some(user), Some(password)) = (&smtp.username, &smtp.password) {
        let credentials = Credentials::new(user.clone(), password.clone());
        if let Err(error) = connection.auth(&[Mechanism::Plain, Mechanism::Login], &credentials).await {
            return Fate::Unreachable(refusal(&error));
        }
    }
    let addresses = mail.recipients.iter().map(|(address, _)| address).chain([&mail.from]);
    let international = addresses.into_iter().any(|address| !AsRef::<str>::as_ref(address).is_ascii());
    if international && !connection.server_info().supports_feature(Extension::SmtpUtfEight) {
        let text = "an address is not ASCII and the server does not take such (SMTPUTF8)".to_owned();
        return Fate::Refused(Refusal { code: Some(553), text });
    }
    let options = if international { vec![MailParameter::SmtpUtfEight] } else { Vec::new() };
    if let Err(error) = connection.command(Mail::new(Some(mail.from.clone()), options)).await {
        return of_this_mail(&error);
    }
    let mut refused = Vec::new();
    for (address, text) in &mail.recipients {
        match connection.command(Rcpt::new(address.clone(), Vec::new())).await {
            Ok(_) => {}
            Err(error) if error.status().is_some() => refused.push((text.clone(), refusal(&error))),
            Err(error) => return Fate::Unreachable(refusal(&error)),
        }
    }
    let none_left = refused.len() == mail.recipients.len();
    let some_later = refused.iter().any(|(_, refusal)| !refusal.is_permanent());
    if none_left || (some_later && !partly) {
        return Fate::Recipients(refused);
    }
    if let Err(error) = connection.command(Data).await {
        return of_this_mail(&error);
    }
    match connection.message(&mail.bytes).await {
        Ok(_) => Fate::Taken { refused },
        Err(error) => of_this_mail(&error),
    }
}

/// An answer is about this mail; the lack of one is about the server.
fn of_this_mail(error: &Error) -> Fate {
    if error.status().is_some() { Fate::Refused(refusal(error)) } else { Fate::Unreachable(refusal(error)) }
}

fn refusal(error: &Error) -> Refusal {
    use std::error::Error as _;
    let code = error.status().and_then(|code| code.to_string().parse().ok());
    let text = match (code, error.source()) {
        // The server's own words.
        (Some(_), Some(source)) => source.to_string(),
        (Some(_), None) => String::new(),
        (None, _) => error.to_string(),
    };
    Refusal { code, text: one_line(&text) }
}

/// A server's words in a log line and in the outbox: no line breaks, not endless.
fn one_line(text: &str) -> String {
    text.split(|c: char| c.is_control())
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
        .chars()
        .take(500)
        .collect()
}
