//! A message in the outbox as a mail: headers, parts, and who it goes to.

use lettre::address::Address;
use lettre::message::{Mailbox, MultiPart, SinglePart};
use std::collections::HashSet;
use std::time::{Duration, UNIX_EPOCH};
use stepwright_app::{OutboxMail, Smtp};

/// A mail ready to be sent.
#[derive(Debug)]
pub struct Prepared {
    pub from: Address,
    /// Each once, `to` before `cc` before `bcc`, with the text the sender named it by.
    pub recipients: Vec<(Address, String)>,
    pub bytes: Vec<u8>,
}

/// Puts the mail together. The same mail gives the same bytes in every attempt, and above all the same Message-ID and
/// Date, so that a receiver who gets it twice can tell.
///
/// # Errors
/// What is wrong with the message or the sender's address; trying again would not help.
pub fn prepare(mail: &OutboxMail, smtp: &Smtp) -> Result<Prepared, String> {
    let message = &mail.message;
    let from = mailbox(&smtp.from)?;
    let micros = u64::try_from(mail.created_at.micros()).unwrap_or(0);
    let mut builder = lettre::Message::builder()
        .from(from.clone())
        .date(UNIX_EPOCH + Duration::from_micros(micros))
        .message_id(Some(format!("<{}@{}>", mail.id, from.email.domain())))
        .subject(message.subject.as_str());
    let mut recipients = Vec::new();
    let mut seen = HashSet::new();
    for (position, text) in [&message.to, &message.cc, &message.bcc].into_iter().enumerate().flat_map(numbered) {
        let mailbox = mailbox(text)?;
        if seen.insert(mailbox.email.clone()) {
            recipients.push((mailbox.email.clone(), text.clone()));
        }
        builder = match position {
            0 => builder.to(mailbox),
            1 => builder.cc(mailbox),
            // Blind copies stand in the envelope only.
            _ => builder,
        };
    }
    if let Some(reply_to) = message.reply_to.as_ref().or(smtp.reply_to.as_ref()) {
        builder = builder.reply_to(mailbox(reply_to)?);
    }
    let envelope = lettre::address::Envelope::new(
        Some(from.email.clone()),
        recipients.iter().map(|(address, _)| address.clone()).collect(),
    );
    builder = builder.envelope(envelope.map_err(|error| error.to_string())?);
    let text = SinglePart::plain(message.text.clone());
    let built = match &message.html {
        None => builder.singlepart(text),
        Some(html) => {
            let parts = MultiPart::alternative().boundary(format!("part-{}", mail.id.uuid().simple()));
            builder.multipart(parts.singlepart(text).singlepart(SinglePart::html(html.clone())))
        }
    };
    let bytes = built.map_err(|error| error.to_string())?.formatted();
    Ok(Prepared { from: from.email, recipients, bytes })
}

fn numbered((position, list): (usize, &Vec<String>)) -> impl Iterator<Item = (usize, &String)> {
    list.iter().map(move |text| (position, text))
}

fn mailbox(text: &str) -> Result<Mailbox, String> {
    text.parse().map_err(|error| format!("'{text}' is not a mail address: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::fixture::{mail, smtp};

    fn text_of(mail: &OutboxMail) -> String {
        String::from_utf8(prepare(mail, &smtp(25)).unwrap().bytes).unwrap()
    }

    #[test]
    fn a_mail_has_the_headers_that_make_it_one() {
        let mut mail = mail(7);
        mail.message.subject = "Überfällige Rechnungen".into();
        mail.message.cc = vec!["Zoë Cc <cc@example.com>".into()];
        mail.message.bcc = vec!["secret@example.com".into()];
        mail.message.html = Some("<p>äöü</p>".into());
        let text = text_of(&mail);
        for line in [
            "From: \"Demo Ltd\" <billing@demo.example>\r\n",
            "Message-ID: <00000000-0000-0000-0000-000000000007@demo.example>\r\n",
            "Date: Sun, 22 Nov 2026 09:00:00 +0000\r\n",
            "Subject: =?utf-8?b?",
            "Content-Type: multipart/alternative",
            "Content-Type: text/plain; charset=utf-8\r\n",
            "Content-Type: text/html; charset=utf-8\r\n",
            "MIME-Version: 1.0\r\n",
        ] {
            assert!(text.contains(line), "{line:?} is missing in\n{text}");
        }
        assert!(text.is_ascii(), "nothing in it needs an extension of SMTP");
        assert!(!text.contains("secret@example.com"), "blind copies stay blind");
        assert!(text.lines().all(|line| line.len() <= 998));
    }

    #[test]
    fn the_same_mail_has_the_same_bytes_in_every_attempt() {
        let mut mail = mail(1);
        mail.message.html = Some("<p>hello</p>".into());
        assert_eq!(text_of(&mail), text_of(&mail));
    }

    #[test]
    fn every_recipient_is_addressed_once() {
        let mut mail = mail(1);
        mail.message.to = vec!["Ann <a@example.com>".into(), "b@example.com".into()];
        mail.message.bcc = vec!["a@example.com".into(), "c@example.com".into()];
        let prepared = prepare(&mail, &smtp(25)).unwrap();
        let named: Vec<&str> = prepared.recipients.iter().map(|(_, text)| text.as_str()).collect();
        assert_eq!(named, ["Ann <a@example.com>", "b@example.com", "c@example.com"]);
    }

    #[test]
    fn the_messages_own_reply_address_wins_over_the_tenants() {
        let (mut mail, mut smtp) = (mail(1), smtp(25));
        smtp.reply_to = Some("office@demo.example".into());
        let bytes = |mail: &OutboxMail| String::from_utf8(prepare(mail, &smtp).unwrap().bytes).unwrap();
        assert!(bytes(&mail).contains("Reply-To: office@demo.example\r\n"));
        mail.message.reply_to = Some("ann@demo.example".into());
        assert!(bytes(&mail).contains("Reply-To: ann@demo.example\r\n"));
    }

    #[test]
    fn a_long_line_is_folded_and_a_lone_dot_survives() {
        let mut mail = mail(1);
        mail.message.text = format!("{}\n.\nend", "x".repeat(5_000));
        assert!(text_of(&mail).lines().all(|line| line.len() <= 998));
    }

    #[test]
    fn a_broken_sender_is_an_error_that_names_it() {
        let mut smtp = smtp(25);
        smtp.from = "nobody".into();
        assert!(prepare(&mail(1), &smtp).unwrap_err().contains("nobody"));
    }
}
