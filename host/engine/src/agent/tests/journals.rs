use crate::agent::{BrokenJournal, Diverged, Hash, Journal, NewEntry, Next, Phase, Replay};
use proptest::prelude::*;

fn entry(ordinal: u32, phase: Phase, kind: &str, request: &str, body: &str) -> NewEntry {
    NewEntry { ordinal, phase, kind: kind.into(), request: Hash::of_text(request), body: body.into() }
}

fn three() -> Journal {
    let mut journal = Journal::new("r");
    journal.append([
        entry(0, Phase::Result, "now", "", "1"),
        entry(1, Phase::Intent, "tool", "a", "{}"),
        entry(1, Phase::Result, "tool", "a", "\"done\""),
        entry(2, Phase::Asked, "tool", "b", "\"may I?\""),
    ]);
    journal
}

#[test]
fn what_was_answered_is_answered_again_and_what_was_not_is_known_to_have_begun() {
    let mut replay = Replay::of(&three()).unwrap();
    assert_eq!(replay.call("now", Hash::of_text("")), Ok((0, Next::Answered { body: "1".into() })));
    assert_eq!(replay.call("tool", Hash::of_text("a")), Ok((1, Next::Answered { body: "\"done\"".into() })));
    let begun = Next::Begun { asked: Some("\"may I?\"".into()), decided: None, intents: 0, intent: None };
    assert_eq!(replay.call("tool", Hash::of_text("b")), Ok((2, begun)));
    assert_eq!(replay.call("tool", Hash::of_text("c")), Ok((3, Next::Fresh)));
    assert_eq!(replay.ended(), Ok(()));
}

#[test]
fn another_call_other_arguments_and_an_early_end_diverge() {
    let begin = || Replay::of(&three()).unwrap();
    let other = Diverged::OtherCall { ordinal: 0, was: "now".into(), is: "tool".into() };
    assert_eq!(begin().call("tool", Hash::of_text("")), Err(other));
    let arguments = Diverged::OtherArguments { ordinal: 0, kind: "now".into() };
    assert_eq!(begin().call("now", Hash::of_text("x")), Err(arguments));
    let mut early = begin();
    early.call("now", Hash::of_text("")).unwrap();
    assert_eq!(early.ended(), Err(Diverged::EndedEarly { made: 1, recorded: 3 }));
}

#[test]
fn a_call_that_was_about_to_be_made_twice_says_so() {
    let mut journal = Journal::new("r");
    journal.append([entry(0, Phase::Intent, "llm", "a", "1"), entry(0, Phase::Intent, "llm", "a", "2")]);
    let mut replay = Replay::of(&journal).unwrap();
    let begun = Next::Begun { asked: None, decided: None, intents: 2, intent: Some("2".into()) };
    assert_eq!(replay.call("llm", Hash::of_text("a")), Ok((0, begun)));
}

#[test]
fn another_runs_rows_do_not_pass() {
    let journal = three();
    let entries = journal.entries().to_vec();
    assert_eq!(Journal::verified("r", entries.clone(), journal.head()), Ok(journal.clone()));
    assert_eq!(Journal::verified("s", entries, journal.head()), Err(BrokenJournal { seq: 0 }));
}

/// Any journal that a guest of `calls` calls may leave when it is stopped somewhere.
fn journals() -> impl Strategy<Value = (Journal, Vec<(String, String)>)> {
    let call = ("[a-c]", "[a-z]{0,4}", 0_u8..3, any::<bool>());
    prop::collection::vec(call, 1..12).prop_map(|calls| {
        let mut journal = Journal::new("run");
        let last = calls.len() - 1;
        let mut made = Vec::new();
        for (place, (kind, request, intents, answered)) in calls.into_iter().enumerate() {
            let ordinal = place as u32;
            for n in 0..intents {
                journal.append([entry(ordinal, Phase::Intent, &kind, &request, &n.to_string())]);
            }
            // Only the last call of a run that was stopped can be without an answer.
            if answered || place < last {
                journal.append([entry(ordinal, Phase::Result, &kind, &request, &format!("\"{place}\""))]);
            }
            made.push((kind, request));
        }
        (journal, made)
    })
}

proptest! {
    /// The same guest gets the same answers, and never makes a recorded call again.
    #[test]
    fn replaying_the_same_calls_gives_every_recorded_answer((journal, made) in journals()) {
        let mut replay = Replay::of(&journal).unwrap();
        for (place, (kind, request)) in made.iter().enumerate() {
            let (ordinal, next) = replay.call(kind, Hash::of_text(request)).unwrap();
            prop_assert_eq!(ordinal as usize, place);
            let result = journal.entries().iter().find(|e| e.ordinal == ordinal && e.phase == Phase::Result);
            match (result, next) {
                (Some(result), Next::Answered { body }) => prop_assert_eq!(&result.body, &body),
                (None, Next::Begun { .. } | Next::Fresh) => {}
                (result, next) => prop_assert!(false, "{:?} {:?}", result, next),
            }
        }
        prop_assert_eq!(replay.ended(), Ok(()));
    }

    /// A guest that does anything else is told at that very call.
    #[test]
    fn another_call_at_any_place_diverges((journal, made) in journals(), place in any::<prop::sample::Index>()) {
        let place = place.index(made.len());
        let recorded = journal.entries().iter().any(|e| e.ordinal as usize == place);
        prop_assume!(recorded);
        let mut replay = Replay::of(&journal).unwrap();
        for (kind, request) in &made[..place] {
            replay.call(kind, Hash::of_text(request)).unwrap();
        }
        let (kind, request) = &made[place];
        let others = Hash::of_text(&(request.clone() + "!"));
        prop_assert!(replay.clone().call(kind, others).is_err());
        prop_assert!(replay.call("other", Hash::of_text(request)).is_err());
    }

    /// No byte, no row, no order can be changed unseen.
    #[test]
    fn any_change_of_a_journal_is_seen((journal, _) in journals(), at in any::<prop::sample::Index>(), how in 0_u8..7) {
        let mut entries = journal.entries().to_vec();
        prop_assume!(!entries.is_empty());
        let at = at.index(entries.len());
        match how {
            0 => entries[at].body.push(' '),
            1 => entries[at].ordinal ^= 1,
            2 => entries[at].kind.push('x'),
            3 => entries[at].request = Hash::of_text("another"),
            4 => drop(entries.remove(at)),
            5 => entries[at].phase = if entries[at].phase == Phase::Result { Phase::Intent } else { Phase::Result },
            _ => {
                let twice = entries[at].clone();
                entries.insert(at, twice);
            }
        }
        prop_assert!(Journal::verified("run", entries, journal.head()).is_err());
    }
}
