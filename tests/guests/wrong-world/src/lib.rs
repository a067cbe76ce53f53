//! A component that is no plugin.

wit_bindgen::generate!({
    inline: "
        package acme:greeter@1.0.0;

        world greeter {
            export greet: func() -> string;
        }
    ",
});

struct Greeter;

impl Guest for Greeter {
    fn greet() -> String {
        "hello".to_owned()
    }
}

export!(Greeter);
