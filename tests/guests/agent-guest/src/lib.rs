//! Agents, good and hostile.

use std::hint::black_box;
use std::time::{Duration, SystemTime};

use stepwright_sdk::prelude::*;
use stepwright_sdk::run::{self, Answer};
use stepwright_sdk::{llm, memory, tools};

stepwright_sdk::plugin! {
    agents: [script, chat, spin, sleep, allocate, trap, chatter, talkative, entropy, restless, liar, verbose, hostile],
}

/// What a scripted agent does next.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Act {
    Now,
    Random,
    Deadline,
    Principal,
    Note { kind: String },
    Tools,
    Call { tool: String, arguments: Value },
    CallAll { tool: String, arguments: Vec<Value> },
    Confirm { question: String },
    Put { key: String, value: Value },
    Get { key: String },
    /// Fails when the last call has failed.
    Insist,
}

/// A script, and what to come to in the end.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
pub struct Script {
    #[serde(default)]
    acts: Vec<Act>,
    /// How often the whole is done.
    #[serde(default = "once")]
    times: u32,
    #[serde(default)]
    outcome: Option<String>,
}

const fn once() -> u32 {
    1
}

/// Does what its config says, and puts out what came of it.
#[agent(outcomes = ["done", "no_eligible_partner"], tools = ["entities_get"])]
fn script(config: Script) -> Result<Conclusion<Vec<Value>>, Fault> {
    let mut seen = Vec::new();
    for _ in 0..config.times {
        for act in &config.acts {
            if matches!(act, Act::Insist) {
                if let Some(error) = seen.last().and_then(|last: &Value| last["error"].as_str()) {
                    return Err(Fault::new("INSISTED", error));
                }
                continue;
            }
            seen.push(done(act)?);
        }
    }
    Ok(Conclusion { outcome: config.outcome, ..Conclusion::plain(seen) }.say("The script is done."))
}

fn shown(result: Result<tools::ToolResult, tools::ToolError>) -> Value {
    match result {
        // What has no structure has a text.
        Ok(result) if result.value.is_null() => json!({"text": result.text}),
        Ok(result) => json!({"value": result.value}),
        Err(error) => json!({"error": error.to_string()}),
    }
}

fn done(act: &Act) -> Result<Value, Fault> {
    Ok(match act {
        Act::Now => json!(run::now()),
        Act::Random => json!(run::random(8)),
        Act::Deadline => json!(run::deadline()),
        Act::Principal => json!(run::principal().id),
        Act::Note { kind } => {
            run::note(kind, &json!({"noted": true}));
            Value::Null
        }
        Act::Tools => json!(tools::catalog().tools.into_iter().map(|tool| tool.name).collect::<Vec<_>>()),
        Act::Call { tool, arguments } => shown(tools::call(tool, arguments)),
        Act::CallAll { tool, arguments } => {
            let request =
                |arguments: &Value| tools::Request { tool: tool.clone(), arguments: arguments.to_string() };
            json!(tools::call_all(arguments.iter().map(request)).into_iter().map(shown).collect::<Vec<_>>())
        }
        Act::Confirm { question } => match run::confirm(question, &json!({"asked": true}))? {
            Answer::Approved(value) => json!({"approved": value}),
            Answer::Rejected(why) => json!({"rejected": why}),
            Answer::Expired => json!("expired"),
        },
        Act::Put { key, value } => json!(memory::put(key, value)?),
        Act::Get { key } => json!(memory::get(key)?.map(|entry| json!([entry.version, entry.value]))),
        Act::Insist => Value::Null,
    })
}

/// What a talk is about.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
pub struct Talk {
    #[serde(default)]
    instructions: String,
    say: String,
    #[serde(default)]
    model: Option<String>,
}

/// Lets a model work with every tool there is.
#[agent(outcomes = ["answered"])]
fn chat(config: Talk) -> Result<Conclusion<Value>, Fault> {
    let options = match &config.model {
        Some(model) => llm::Options::default().model(model),
        None => llm::Options::default(),
    };
    let mut chat = options.begin(&config.instructions);
    chat.say(&config.say)?;
    let names: Vec<String> = tools::catalog().tools.into_iter().map(|tool| tool.name).collect();
    let mut turns = 0;
    loop {
        let reply = chat.complete(&names)?;
        turns += 1;
        if reply.calls().next().is_none() {
            return Ok(Conclusion::new("answered", json!({"text": reply.text(), "turns": turns, "head": chat.head()})));
        }
        let results = tools::call_all(reply.calls().map(llm::ToolCall::request));
        chat.answer(reply.calls().zip(results))?;
    }
}

#[agent]
fn spin() -> Result<Conclusion<()>, Fault> {
    loop {
        std::hint::spin_loop();
    }
}

#[agent]
fn sleep() -> Result<Conclusion<()>, Fault> {
    std::thread::sleep(Duration::from_secs(600));
    Ok(Conclusion::plain(()))
}

#[agent]
fn allocate() -> Result<Conclusion<usize>, Fault> {
    let mut blocks = Vec::new();
    while blocks.len() < 4096 {
        blocks.push(black_box(vec![1_u8; 1 << 20]));
    }
    Ok(Conclusion::plain(blocks.len()))
}

#[agent]
fn trap() -> Result<Conclusion<()>, Fault> {
    core::arch::wasm32::unreachable()
}

/// Asks the time for ever.
#[agent]
fn chatter() -> Result<Conclusion<()>, Fault> {
    loop {
        black_box(run::now());
    }
}

/// Opens conversations for ever.
#[agent]
fn talkative() -> Result<Conclusion<()>, Fault> {
    let mut all = Vec::new();
    loop {
        all.push(llm::conversation("hello"));
    }
}

/// The same in every run when the host is deterministic.
#[agent]
#[expect(clippy::disallowed_methods, reason = "the system clock is what the host freezes")]
fn entropy() -> Result<Conclusion<String>, Fault> {
    let wall = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_nanos());
    Ok(Conclusion::plain(format!("{wall} {:?}", wasip2::random::random::get_random_bytes(16))))
}

/// Does something else whenever it is taken up again: it goes by how often it was asked, which the host forgets.
#[agent]
fn restless() -> Result<Conclusion<()>, Fault> {
    let first = memory::get("first")?.is_none();
    run::confirm(if first { "one?" } else { "another?" }, &json!({}))?;
    Ok(Conclusion::plain(()))
}

/// Names an outcome it has not described.
#[agent(outcomes = ["truth"])]
fn liar() -> Result<Conclusion<()>, Fault> {
    Ok(Conclusion::new("lie", ()))
}

/// Puts out more than it may.
#[agent]
fn verbose() -> Result<Conclusion<String>, Fault> {
    Ok(Conclusion::plain("x".repeat(1 << 20)))
}

/// How much a hostile agent does.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
pub struct Hostility {
    steps: u32,
}

/// Spends at random on whatever can be spent, however often it is refused.
#[agent]
fn hostile(config: Hostility) -> Result<Conclusion<u32>, Fault> {
    let hex = |bytes: Vec<u8>| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let me = hex(run::random(8));
    let put = |n: u32| json!({"schema": "made", "id": format!("{me}-{n}"), "patch": {"n": n}});
    let mut refused = 0;
    let mut talk = llm::Options::default().max_output_tokens(200).begin("Talk.");
    for step in 0..config.steps {
        let dice = run::random(2);
        let (what, much) = (dice[0] % 5, u32::from(dice[1]));
        refused += match what {
            0 => u32::from(tools::call("entities_put", &put(step)).is_err()),
            1 => {
                let many = (0..1 + much % 4).map(|n| tools::Request {
                    tool: "entities_put".into(),
                    arguments: put(step * 100 + n).to_string(),
                });
                u32::from(tools::call_all(many).iter().any(Result::is_err))
            }
            2 | 3 => {
                let said = "word ".repeat(1 + much as usize);
                u32::from(talk.say(said).and_then(|()| talk.complete(&[])).is_err())
            }
            _ => u32::from(memory::put(&format!("{me}/{step}"), &json!("x".repeat(much as usize * 8))).is_err()),
        };
    }
    Ok(Conclusion::plain(refused))
}
