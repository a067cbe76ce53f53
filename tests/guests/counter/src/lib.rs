//! Uses every capability, and ends in every way. What a step does comes from its config, so that tests can ask for
//! the allowed and the refused alike; a refusal becomes a fault with the SDK's code.

mod capabilities;
mod endings;

use capabilities::{
    count, emit_event, get_entity, list_entities, notify, put_entity, query_rows, send_mail, start_flow, write_rows,
};
use endings::{approval, everything, flaky, nothing, show_call, sleep, until};

stepwright_sdk::plugin! {
    datasets: [write "customers", write "invoices", read "payments", write "notifications"],
    steps: [
        approval, count, emit_event, everything, flaky, get_entity, list_entities, nothing, notify, put_entity,
        query_rows, send_mail, show_call, sleep, start_flow, until, write_rows,
    ],
}
