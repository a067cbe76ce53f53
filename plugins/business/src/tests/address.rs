use crate::address::check;

#[test]
fn addresses_with_and_without_a_name_pass() {
    let long = format!("{}@{}.example", "a".repeat(64), "b".repeat(63));
    for text in [
        "a@b.c",
        "Ada Lovelace <ada@example.com>",
        "a+b@example.co.uk",
        "ops@localhost",
        "x@büro.example",
        "\"Lovelace, A.\" <a@b.c>",
        &long,
    ] {
        assert_eq!(check(text), Ok(()), "{text}");
    }
}

#[test]
fn what_is_no_address_is_refused() {
    let long = format!("{}@b.c", "a".repeat(65));
    for text in [
        "",
        "a",
        "@b.c",
        "a@",
        "a b@c.d",
        ".a@b.c",
        "a.@b.c",
        "a..b@c.d",
        "a@b..c",
        "a@-b.c",
        "a@b-.c",
        "a@b_c.d",
        "a@b.c, d@e.f",
        "A <a@b.c",
        "A <a@b.c> x",
        "A <>",
        "a@b@c.d ",
        "\"a b\"@c.d",
        "a@[1.2.3.4]",
        &long,
        "d@e.f, A <a@b.c>",
        "A, B <a@b.c>",
        "\"A <a@b.c>",
        "\"A\"B\" <a@b.c>",
        "A <b> <a@b.c>",
    ] {
        assert!(check(text).is_err(), "{text}");
    }
}

#[test]
fn line_breaks_are_refused_in_every_part() {
    for text in ["a@b.c\r\nBcc: d@e.f", "A\nB <a@b.c>", "a\0@b.c", "a@b.c\n"] {
        let refusal = check(text).unwrap_err();
        assert_eq!(refusal, "a mail address must not contain line breaks or control characters", "{text:?}");
    }
}
