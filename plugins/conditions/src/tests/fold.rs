use super::met;
use crate::fold::fold;

#[test]
fn texts_that_differ_in_case_fold_to_the_same() {
    for (a, b) in [
        ("ABC@Example.COM", "abc@example.com"),
        ("STRASSE", "straße"),
        ("STRAẞE", "Straße"),
        ("ΣΊΣΥΦΟΣ", "σίσυφος"),
        ("ÄÖÜ", "äöü"),
        ("\u{212a}elvin", "KELVIN"),
        ("ﬃ", "FFI"),
        ("ПРИВЕТ", "привет"),
    ] {
        assert_eq!(fold(a), fold(b), "{a} and {b}");
    }
    for (a, b) in [("ı", "i"), ("a", "ä"), ("é", "e\u{301}")] {
        assert_ne!(fold(a), fold(b), "{a} and {b}");
    }
}

#[test]
fn only_countries_and_emails_are_the_same_in_either_case() {
    for kind in ["country", "email"] {
        assert!(met(kind, r#""Grüße@x.de""#, "equals", &["GRÜSSE@X.DE"]), "{kind}");
    }
    for kind in
        ["string", "text", "phone", "status", "select", "radio", "tags", "purpose", "label", "message_email_address"]
    {
        assert!(!met(kind, r#""Open""#, "equals", &["open"]), "{kind}");
        assert!(met(kind, r#""Open""#, "not_equals", &["open"]), "{kind}");
    }
    assert!(met("email", r#"{"email": "Ada@Example.COM"}"#, "ends_with", &["@EXAMPLE.com"]));
}
