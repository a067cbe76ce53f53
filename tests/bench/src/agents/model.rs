//! A model that calls a tool so often and then ends, behind OpenAI's wire format; as thin as can be.

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// The server.
pub struct Model {
    url: String,
    largest: Arc<AtomicUsize>,
}

impl Model {
    /// Starts one that calls `calls` tools, one per answer: `entities_get` of `note/n0`, `note/n1` and so on. With each
    /// it says `said` bytes.
    pub async fn start(calls: usize, said: usize) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let largest = Arc::new(AtomicUsize::new(0));
        let seen = Arc::clone(&largest);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let seen = Arc::clone(&seen);
                tokio::spawn(async move { serve(stream, calls, said, &seen).await });
            }
        });
        Ok(Self { url, largest })
    }

    /// Settings of a tenant that lead here, with room for a conversation of any length.
    pub fn settings(&self) -> Value {
        json!({
            "webhooks": { "allow_private_targets": true },
            "llm": {
                "providers": { "main": { "kind": "openai", "base_url": self.url } },
                "models": { "fast": { "provider": "main", "model": "m-1", "context_tokens": 100_000_000 } },
                "default_model": "fast",
            },
        })
    }

    /// Bytes of the largest request.
    pub fn largest(&self) -> usize {
        self.largest.load(Ordering::Relaxed)
    }
}

/// Answers one connection's requests.
async fn serve(stream: TcpStream, calls: usize, said: usize, largest: &AtomicUsize) -> Result<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).await? == 0 {
                return Ok(());
            }
            if line == "\r\n" {
                break;
            }
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse().context("a length")?;
            }
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await?;
        largest.fetch_max(length, Ordering::Relaxed);
        let answer = answer(&body, calls, said).to_string();
        let head =
            format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n", answer.len());
        stream.write_all(head.as_bytes()).await?;
        stream.write_all(answer.as_bytes()).await?;
    }
}

/// By how many answers of tools the conversation has; reading all of it every time would be most of the work.
fn answer(body: &[u8], calls: usize, said: usize) -> Value {
    const ROLE: &[u8] = br#""role":"tool""#;
    let seen = body.windows(ROLE.len()).filter(|window| *window == ROLE).count();
    let (message, finish) = if seen < calls {
        let arguments = json!({ "schema": "note", "id": format!("n{seen}") }).to_string();
        let function = json!({ "name": "entities_get", "arguments": arguments });
        let call = json!({ "id": format!("call-{seen}"), "type": "function", "function": function });
        let text = (said > 0).then(|| super::unique(usize::MAX / 2 + seen, said));
        (json!({ "role": "assistant", "content": text, "tool_calls": [call] }), "tool_calls")
    } else {
        (json!({ "role": "assistant", "content": "Done." }), "stop")
    };
    let usage = json!({ "prompt_tokens": body.len() / 4, "completion_tokens": 30 });
    json!({ "choices": [{ "message": message, "finish_reason": finish }], "usage": usage })
}
