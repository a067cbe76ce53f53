//! `wf_…` and `exec_…`: a prefix and the UUID's 128 bits in base 62, always 22 letters and digits (source:
//! contracts/core-model.md, "Ids"). Both ways without a table, so two UUIDs never share a text.

use stepwright_engine::{DefinitionId, ExecutionId};
use uuid::Uuid;

const WORKFLOW: &str = "wf_";
const EXECUTION: &str = "exec_";
const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// 62^22 is the first power of 62 above 2^128.
const DIGITS: usize = 22;

/// A workflow's id on the wire.
pub(super) fn workflow_id(id: DefinitionId) -> String {
    written(WORKFLOW, id.uuid())
}

/// The workflow an id on the wire names; `None` for texts that are no id.
pub(super) fn workflow(text: &str) -> Option<DefinitionId> {
    read(WORKFLOW, text).map(DefinitionId::from_uuid)
}

/// An execution's id on the wire.
pub(super) fn execution_id(id: ExecutionId) -> String {
    written(EXECUTION, id.uuid())
}

/// The execution an id on the wire names; `None` for texts that are no id.
pub(super) fn execution(text: &str) -> Option<ExecutionId> {
    read(EXECUTION, text).map(ExecutionId::from_uuid)
}

fn written(prefix: &str, id: Uuid) -> String {
    let mut number = id.as_u128();
    let mut digits = [b'0'; DIGITS];
    for digit in digits.iter_mut().rev() {
        *digit = ALPHABET[(number % 62) as usize];
        number /= 62;
    }
    let mut text = String::with_capacity(prefix.len() + DIGITS);
    text.push_str(prefix);
    text.extend(digits.iter().copied().map(char::from));
    text
}

fn read(prefix: &str, text: &str) -> Option<Uuid> {
    let digits = text.strip_prefix(prefix).filter(|digits| digits.len() == DIGITS)?;
    let number = digits.bytes().try_fold(0_u128, |number, byte| {
        let digit = match byte {
            b'0'..=b'9' => byte - b'0',
            b'A'..=b'Z' => byte - b'A' + 10,
            b'a'..=b'z' => byte - b'a' + 36,
            _ => return None,
        };
        number.checked_mul(62)?.checked_add(u128::from(digit))
    })?;
    Some(Uuid::from_u128(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_as_the_uuid_it_was_written_from() {
        for number in [0, 1, 61, 62, u128::MAX, 0x0190_aaaa_0000_7000_8000_0000_0000_0001] {
            let id = DefinitionId::from_uuid(Uuid::from_u128(number));
            let text = workflow_id(id);
            assert_eq!(workflow(&text), Some(id), "{text}");
            let rest = text.strip_prefix("wf_").unwrap();
            assert!((12..=24).contains(&rest.len()) && rest.bytes().all(|b| b.is_ascii_alphanumeric()), "{text}");
        }
        let id = ExecutionId::from_uuid(Uuid::from_u128(7));
        assert_eq!(execution(&execution_id(id)), Some(id));
    }

    #[test]
    fn what_is_no_id_names_nothing() {
        let known = workflow_id(DefinitionId::from_uuid(Uuid::from_u128(7)));
        for text in [
            "",
            "wf_",
            "wf_abc123",
            &known[3..],
            &known.replace("wf_", "exec_"),
            &format!("{known}0"),
            &known.replace('7', "-"),
            "wf_zzzzzzzzzzzzzzzzzzzzzz",
        ] {
            assert_eq!(workflow(text), None, "{text}");
        }
    }

    #[test]
    fn every_id_has_one_text_only() {
        // A number past 2^128 would be a second text of a smaller one if it wrapped around.
        let over = "wf_7n42DGM5Tflk9n8mt7Fhc8";
        assert_eq!(workflow_id(DefinitionId::from_uuid(Uuid::max())), "wf_7n42DGM5Tflk9n8mt7Fhc7");
        assert_eq!(workflow(over), None);
    }
}
