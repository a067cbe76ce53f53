//! Tokens, good and forged.

use super::*;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::rsa::PublicKeyComponents;
use ring::signature::{Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair};
use serde_json::json;
use uuid::Uuid;

const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);
const SECRET: &str = "a secret of the tenant's, long enough";
/// PKCS #8, made for these tests and used nowhere else.
const RSA_KEY: &str = include_str!("rsa_of_tests.b64");

fn tenant() -> TenantId {
    TenantId::from_uuid(Uuid::from_u128(7))
}

fn claims() -> Value {
    json!({ "sub": "ada", "tenant_id": tenant(), "role": "admin", "exp": NOW.secs() + 60 })
}

fn with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[name] = value;
    claims
}

fn without(name: &str) -> Value {
    let mut claims = claims();
    claims.as_object_mut().unwrap().remove(name);
    claims
}

fn part(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

/// A token whose signature `sign` makes.
fn token(header: Value, claims: &Value, sign: impl Fn(&[u8]) -> Vec<u8>) -> String {
    let message = format!("{}.{}", part(&header), part(claims));
    let code = URL_SAFE_NO_PAD.encode(sign(message.as_bytes()));
    format!("{message}.{code}")
}

fn hmac_of(secret: &[u8]) -> impl Fn(&[u8]) -> Vec<u8> {
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, secret);
    move |message| ring::hmac::sign(&key, message).as_ref().to_vec()
}

fn hs256(claims: &Value) -> String {
    token(json!({ "alg": "HS256", "typ": "JWT" }), claims, hmac_of(SECRET.as_bytes()))
}

fn rsa() -> RsaKeyPair {
    RsaKeyPair::from_pkcs8(&STANDARD.decode(RSA_KEY.replace('\n', "")).unwrap()).unwrap()
}

/// The modulus and the exponent.
fn rsa_public() -> PublicKeyComponents<Vec<u8>> {
    PublicKeyComponents::from(rsa().public())
}

fn rsa_sign(message: &[u8]) -> Vec<u8> {
    let key = rsa();
    let mut code = vec![0; key.public().modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut code).unwrap();
    code
}

fn ed() -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[9; 32]).unwrap()
}

fn by_secret() -> JwtSettings {
    JwtSettings { hs256_secret: Some(SECRET.into()), ..JwtSettings::default() }
}

fn by_keys() -> JwtSettings {
    let x = URL_SAFE_NO_PAD.encode(ed().public_key().as_ref());
    let n = URL_SAFE_NO_PAD.encode(rsa_public().n);
    let jwks = json!({ "keys": [
        { "kty": "RSA", "n": n, "e": "AQAB", "kid": "rsa", "use": "sig", "alg": "RS256" },
        { "kty": "OKP", "crv": "Ed25519", "x": x, "kid": "ed" },
    ] });
    JwtSettings { jwks: Some(jwks), ..JwtSettings::default() }
}

fn admin(token: &str, settings: &JwtSettings) -> Option<bool> {
    let claimed = claimed_tenant(token)?;
    verify(token, claimed, settings, NOW).map(|user| user.is_admin)
}

#[test]
fn a_token_signed_with_a_key_of_the_tenant_is_its_users() {
    let user = verify(&hs256(&claims()), tenant(), &by_secret(), NOW).unwrap();
    assert_eq!(user, User { tenant_id: tenant(), subject: "ada".into(), is_admin: true });
    let rs256 = token(json!({ "alg": "RS256", "kid": "rsa" }), &claims(), rsa_sign);
    let eddsa = token(json!({ "alg": "EdDSA" }), &claims(), |message| ed().sign(message).as_ref().to_vec());
    for token in [rs256, eddsa] {
        assert_eq!(admin(&token, &by_keys()), Some(true));
        assert_eq!(admin(&token, &by_secret()), None);
    }
}

#[test]
fn an_administrator_is_named_by_role_or_by_flag() {
    assert_eq!(admin(&hs256(&with("role", json!("user"))), &by_secret()), Some(false));
    assert_eq!(admin(&hs256(&without("role")), &by_secret()), Some(false));
    for (flag, is_admin) in [(json!(true), true), (json!(false), false), (json!("true"), false), (json!(1), false)] {
        let mut claims = without("role");
        claims["is_admin"] = flag;
        assert_eq!(admin(&hs256(&claims), &by_secret()), Some(is_admin));
    }
}

#[test]
fn forged_tokens_are_nobodys() {
    let good = hs256(&claims());
    let (message, code) = good.rsplit_once('.').unwrap();
    let (head, body) = message.split_once('.').unwrap();
    let sign = || hmac_of(SECRET.as_bytes());
    let none = |alg: &str| format!("{}.{body}.", part(&json!({ "alg": alg })));
    let public = rsa_public().n;
    let forged = [
        ("no signature", format!("{message}.")),
        ("no parts", "hc_live_abc".into()),
        ("two parts", message.to_owned()),
        ("four parts", format!("{good}.{code}")),
        ("alg none", none("none")),
        ("alg None", none("None")),
        ("alg NONE with the old signature", format!("{}.{body}.{code}", part(&json!({ "alg": "NONE" })))),
        ("no alg", format!("{}.{body}.{code}", part(&json!({ "typ": "JWT" })))),
        ("another secret", token(json!({ "alg": "HS256" }), &claims(), hmac_of(b"another"))),
        ("an empty secret", token(json!({ "alg": "HS256" }), &claims(), hmac_of(b""))),
        ("other claims under the same signature", format!("{head}.{}.{code}", part(&with("sub", json!("eve"))))),
        ("HS512 said, HS256 signed", token(json!({ "alg": "HS512" }), &claims(), sign())),
        ("the public key as a secret", token(json!({ "alg": "HS256" }), &claims(), hmac_of(&public))),
        ("an extension that must be understood", token(json!({ "alg": "HS256", "crit": ["b64"] }), &claims(), sign())),
    ];
    let both = JwtSettings { hs256_secret: Some(SECRET.into()), ..by_keys() };
    for (attack, token) in forged {
        for settings in [&by_secret(), &by_keys(), &both] {
            assert_eq!(admin(&token, settings), None, "{attack}");
        }
    }
    // The secret is for HS256 only, the keys for their own algorithms only.
    assert_eq!(admin(&good, &by_keys()), None);
    assert_eq!(admin(&good, &JwtSettings { hs256_secret: Some(String::new()), ..JwtSettings::default() }), None);
    assert_eq!(admin(&good, &JwtSettings::default()), None);
}

#[test]
fn a_key_given_by_the_token_itself_is_not_used() {
    let x = URL_SAFE_NO_PAD.encode(Ed25519KeyPair::from_seed_unchecked(&[1; 32]).unwrap().public_key().as_ref());
    let own =
        json!({ "alg": "EdDSA", "jwk": { "kty": "OKP", "crv": "Ed25519", "x": x }, "jku": "https://evil.example" });
    let sign = |message: &[u8]| Ed25519KeyPair::from_seed_unchecked(&[1; 32]).unwrap().sign(message).as_ref().to_vec();
    assert_eq!(admin(&token(own, &claims(), sign), &by_keys()), None);
}

#[test]
fn an_unknown_key_id_is_not_guessed_around() {
    let sign = |message: &[u8]| ed().sign(message).as_ref().to_vec();
    for (kid, found) in [("ed", Some(true)), ("rsa", None), ("other", None)] {
        let token = token(json!({ "alg": "EdDSA", "kid": kid }), &claims(), sign);
        assert_eq!(admin(&token, &by_keys()), found, "{kid}");
    }
}

#[test]
fn a_secret_among_the_public_keys_is_none() {
    let k = URL_SAFE_NO_PAD.encode(SECRET);
    let jwks = json!({ "keys": [{ "kty": "oct", "k": k, "alg": "HS256" }] });
    let settings = JwtSettings { jwks: Some(jwks.clone()), ..JwtSettings::default() };
    assert_eq!(admin(&hs256(&claims()), &settings), None);
    assert!(!is_jwks(&jwks) && !is_jwks(&json!({ "keys": [] })) && !is_jwks(&json!([])));
    assert!(is_jwks(&by_keys().jwks.unwrap()));
}

#[test]
fn a_token_counts_only_in_its_time() {
    let now = NOW.secs();
    for (name, value, valid) in [
        ("exp", json!(now + 1), true),
        ("exp", json!(now), false),
        ("exp", json!(now - 3600), false),
        ("exp", json!((now + 60).to_string()), false),
        ("exp", json!(null), false),
        ("exp", json!(true), false),
        ("nbf", json!(now), true),
        ("nbf", json!(now + 3600), false),
        ("nbf", json!("soon"), false),
        ("iat", json!(now + 3600), false),
    ] {
        assert_eq!(admin(&hs256(&with(name, value.clone())), &by_secret()).is_some(), valid, "{name} {value}");
    }
    assert_eq!(admin(&hs256(&without("exp")), &by_secret()), None);
}

#[test]
fn issuer_and_audience_count_where_the_tenant_names_them() {
    let settings = JwtSettings { issuer: Some("idp".into()), audience: Some("hydra".into()), ..by_secret() };
    let both = |iss: Value, aud: Value| {
        let mut claims = with("iss", iss);
        claims["aud"] = aud;
        admin(&hs256(&claims), &settings).is_some()
    };
    assert!(both(json!("idp"), json!("hydra")) && both(json!("idp"), json!(["x", "hydra"])));
    assert!(!both(json!("other"), json!("hydra")) && !both(json!("idp"), json!("other")));
    assert_eq!(admin(&hs256(&claims()), &settings), None);
    assert_eq!(admin(&hs256(&with("aud", json!("whoever"))), &by_secret()), Some(true));
}

#[test]
fn a_token_is_for_the_tenant_it_names_and_has_a_subject() {
    let other = TenantId::from_uuid(Uuid::from_u128(8));
    assert!(verify(&hs256(&claims()), other, &by_secret(), NOW).is_none());
    for claims in [without("tenant_id"), with("tenant_id", json!(7)), with("tenant_id", json!("x"))] {
        assert_eq!(claimed_tenant(&hs256(&claims)), None);
        assert!(verify(&hs256(&claims), tenant(), &by_secret(), NOW).is_none());
    }
    for claims in [without("sub"), with("sub", json!("")), with("sub", json!(7)), with("sub", json!("x".repeat(256)))] {
        assert!(verify(&hs256(&claims), tenant(), &by_secret(), NOW).is_none(), "{claims}");
    }
    assert_eq!(claimed_tenant(&"x".repeat(9_000)), None);
}
