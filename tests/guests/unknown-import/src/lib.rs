//! A step plugin that imports what no host has.

use stepwright_sdk::prelude::*;

wit_bindgen::generate!({
    inline: "
        package acme:teleport@1.0.0;

        interface beam {
            up: func(who: string) -> bool;
        }

        world needs-beam {
            import beam;
        }
    ",
});

/// Asks to be beamed up.
#[step]
fn beam_up(ctx: &Context) -> Result<bool, Fault> {
    Ok(acme::teleport::beam::up(&ctx.actor))
}

stepwright_sdk::plugin! {
    steps: [beam_up],
}
