//! The whole transition table (source: contracts/hydracore.md 2A).

use super::*;
use RecordStatusName as Name;

/// What a command leads to from `active, awaiting_approval, paused, suspended` and from any terminal status.
type Row = [Result<Name, &'static str>; 5];

const TERMINAL: Result<Name, &str> = Err("terminal");

fn table() -> Vec<(&'static str, Command, Row)> {
    use Name::*;
    let stays = [Ok(Active), Ok(AwaitingApproval), Ok(Paused), Ok(Suspended), TERMINAL];
    let to_or_resume = |name: Name| (to(name), [Ok(name), Ok(name), Ok(name), Err("use resume"), TERMINAL]);
    let from_anywhere = |name: Name| (to(name), [Ok(name), Ok(name), Ok(name), Ok(name), TERMINAL]);
    let mut rows = vec![
        ("a PATCH without a status", (Command::Advance(Box::new(patch(None))), stays)),
        ("a PATCH to active", to_or_resume(Active)),
        ("a PATCH to awaiting_approval", to_or_resume(AwaitingApproval)),
        ("a PATCH to paused", to_or_resume(Paused)),
        ("a PATCH to completed", to_or_resume(Completed)),
        ("a PATCH to suspended", from_anywhere(Suspended)),
        ("a PATCH to expired", from_anywhere(Expired)),
        ("a PATCH to cancelled", from_anywhere(Cancelled)),
        ("a PATCH to failed", from_anywhere(Failed)),
        ("suspend", (suspend(), [Ok(Suspended), Ok(Suspended), Ok(Suspended), Err("already suspended"), TERMINAL])),
        (
            "resume",
            (resume(), [Err("not suspended"), Err("not suspended"), Err("not suspended"), Ok(Active), TERMINAL]),
        ),
        ("abort", (Command::Abort, [Ok(Cancelled), Ok(Cancelled), Ok(Cancelled), Ok(Cancelled), TERMINAL])),
    ];
    rows.drain(..).map(|(name, (command, row))| (name, command, row)).collect()
}

#[test]
fn every_command_leads_where_the_table_says() {
    for (name, command, row) in table() {
        for from in Name::ALL.iter().copied() {
            let column = match from {
                Name::Active => 0,
                Name::AwaitingApproval => 1,
                Name::Paused => 2,
                Name::Suspended => 3,
                Name::Completed | Name::Expired | Name::Cancelled | Name::Failed => 4,
            };
            let record = in_status(from);
            let answer = apply(&record, &command, ACTOR, at(2));
            match (row[column], answer) {
                (Ok(expected), Ok(moved)) => {
                    assert_eq!(moved.next.status.name(), expected, "{name} from {from:?}");
                    let entries = entries(&moved);
                    assert_eq!(entries.len(), 1, "{name} from {from:?}");
                    assert_eq!((entries[0].from_status, entries[0].to_status), (Some(from), expected));
                    assert_eq!(moved.next.status.ended_at(), expected.is_terminal().then_some(at(2)));
                    assert_eq!((moved.next.updated_at, moved.next.last_action_at), (at(2), Some(at(2))));
                }
                (Err(expected), Err(error)) => {
                    let text = error.to_string();
                    assert!(text.contains(expected), "{name} from {from:?}: {text}");
                }
                (expected, answer) => panic!("{name} from {from:?}: expected {expected:?}, got {answer:?}"),
            }
        }
    }
}

#[test]
fn the_timer_expires_every_status_but_the_terminal_ones() {
    for from in Name::ALL.iter().copied() {
        let record = Record { expires_at: Some(at(5)), ..in_status(from) };
        assert_eq!(apply(&record, &Command::TimerFired, ACTOR, at(4)), Err(RecordError::NothingDue), "{from:?}");
        let fired = apply(&record, &Command::TimerFired, "system", at(5));
        if from.is_terminal() {
            assert_eq!((record.next_due(), fired), (None, Err(RecordError::NothingDue)), "{from:?}");
        } else {
            let fired = fired.unwrap();
            assert_eq!(record.next_due(), Some(at(5)));
            assert_eq!(fired.next.status, RecordStatus::Expired { at: at(5) }, "{from:?}");
            assert_eq!(entries(&fired)[0].action, "expired");
            assert_eq!(fired.next.next_due(), None);
        }
    }
}

#[test]
fn words_are_read_as_they_are_written() {
    for word in Name::ALL {
        assert_eq!(Name::parse(word.as_str()), Some(*word));
        assert_eq!(serde_json::to_value(word).unwrap(), word.as_str());
    }
    for word in WorkflowType::ALL {
        assert_eq!(WorkflowType::parse(word.as_str()), Some(*word));
    }
    assert_eq!((Name::parse("Active"), WorkflowType::parse("string")), (None, None));
}
