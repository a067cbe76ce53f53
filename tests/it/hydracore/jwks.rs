//! Tokens signed with the private half of a key in the tenant's JWKS, and those that only look like it (source:
//! contracts/hydracore.md 1A.1).

use super::{Bed, SECRET, claims};
use crate::support::{Answer, TestHost};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::rsa::PublicKeyComponents;
use ring::signature::{Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair};
use serde_json::{Value, json};

/// PKCS #8, made for tests and used nowhere else.
const RSA_KEY: &str = include_str!("../../../host/app/src/jwt/rsa_of_tests.b64");

fn rsa() -> RsaKeyPair {
    RsaKeyPair::from_pkcs8(&STANDARD.decode(RSA_KEY.replace('\n', "")).unwrap()).unwrap()
}

fn ed(seed: u8) -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap()
}

fn by_rsa(message: &[u8]) -> Vec<u8> {
    let key = rsa();
    let mut code = vec![0; key.public().modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut code).unwrap();
    code
}

fn by_ed(seed: u8) -> impl Fn(&[u8]) -> Vec<u8> {
    move |message| ed(seed).sign(message).as_ref().to_vec()
}

fn by_secret(secret: &[u8]) -> impl Fn(&[u8]) -> Vec<u8> {
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, secret);
    move |message| ring::hmac::sign(&key, message).as_ref().to_vec()
}

fn modulus() -> Vec<u8> {
    PublicKeyComponents::<Vec<u8>>::from(rsa().public()).n
}

/// An RSA key and an Ed25519 key, both with an id.
fn key_set() -> Value {
    let rsa = PublicKeyComponents::<Vec<u8>>::from(rsa().public());
    let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    json!({"keys": [
        {"kty": "RSA", "n": encode(&rsa.n), "e": encode(&rsa.e), "kid": "rsa-1", "use": "sig", "alg": "RS256"},
        {"kty": "OKP", "crv": "Ed25519", "x": encode(ed(9).public_key().as_ref()), "kid": "ed-1"},
    ]})
}

fn token(header: &Value, claims: &Value, sign: impl Fn(&[u8]) -> Vec<u8>) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", part(header), part(claims));
    let code = URL_SAFE_NO_PAD.encode(sign(message.as_bytes()));
    format!("{message}.{code}")
}

/// A bed whose tenant knows tokens by these settings.
async fn bed(host: &TestHost, jwt: Value) -> Bed {
    let bed = Bed::new(host).await;
    let settings = json!({ "jwt": jwt });
    host.operator.json("PATCH", &format!("{}/settings", bed.tenant.base), &settings).await.expect(200);
    bed
}

async fn ask(host: &TestHost, token: &str) -> Answer {
    host.operator.with_key(token).get("/v1/workflows").await
}

#[tokio::test]
async fn administrators_come_with_tokens_signed_by_keys_of_the_set() {
    let host = TestHost::start().await;
    let bed = bed(&host, json!({"hs256_secret": null, "jwks": key_set()})).await;
    let (_, id) = bed.open(json!({})).await;
    let claims = claims(&bed.tenant);
    let good = [
        token(&json!({"alg": "RS256", "kid": "rsa-1", "typ": "JWT"}), &claims, by_rsa),
        token(&json!({"alg": "RS256"}), &claims, by_rsa),
        token(&json!({"alg": "EdDSA", "kid": "ed-1"}), &claims, by_ed(9)),
        token(&json!({"alg": "EdDSA"}), &claims, by_ed(9)),
    ];
    for token in &good {
        assert_eq!(ask(&host, token).await.expect(200).json()["total"], 1);
    }
    // What they do stands in the history under their names.
    let suspend = json!({"step": "review"});
    let suspended = host.operator.with_key(&good[0]).post(&format!("/v1/workflows/{id}/suspend"), &suspend).await;
    suspended.expect(200);
    let shown = host.operator.with_key(&good[2]).get(&format!("/v1/workflows/{id}")).await.expect(200).json();
    assert_eq!(shown["history"][1]["actor"], "ada@example.com");
    // Who is no administrator is known, and refused for that.
    let mut member = claims.clone();
    member["role"] = json!("member");
    for token in [
        token(&json!({"alg": "RS256", "kid": "rsa-1"}), &member, by_rsa),
        token(&json!({"alg": "EdDSA", "kid": "ed-1"}), &member, by_ed(9)),
    ] {
        assert_eq!(ask(&host, &token).await.expect(403).json(), json!({"detail": "Admin access required"}));
    }
}

#[tokio::test]
async fn a_token_that_no_key_of_the_set_has_signed_is_nobodys() {
    let host = TestHost::start().await;
    let bed = bed(&host, json!({"hs256_secret": SECRET, "jwks": key_set()})).await;
    let claims = claims(&bed.tenant);
    let with = |name: &str, value: Value| {
        let mut changed = claims.clone();
        changed[name] = value;
        changed
    };
    let (rs256, eddsa) = (json!({"alg": "RS256", "kid": "rsa-1"}), json!({"alg": "EdDSA", "kid": "ed-1"}));
    let body = URL_SAFE_NO_PAD.encode(claims.to_string());
    let unsigned = |alg: &str| format!("{}.{body}.", URL_SAFE_NO_PAD.encode(json!({ "alg": alg }).to_string()));
    let mut cut = token(&rs256, &claims, by_rsa);
    cut.truncate(cut.len() - 4);
    let own = json!({"alg": "EdDSA", "jwk": {"kty": "OKP", "crv": "Ed25519",
        "x": URL_SAFE_NO_PAD.encode(ed(1).public_key().as_ref())}});
    // 2026-11-22T09:00:00Z is now.
    for (attack, token) in [
        ("alg none", unsigned("none")),
        ("alg None", unsigned("None")),
        ("RS256 without a signature", unsigned("RS256")),
        ("expired", token(&rs256, &with("exp", json!(1_795_338_000)), by_rsa)),
        ("expired long ago", token(&eddsa, &with("exp", json!(1)), by_ed(9))),
        ("no expiry", token(&rs256, &with("exp", Value::Null), by_rsa)),
        ("not yet valid", token(&eddsa, &with("nbf", json!(1_795_341_600)), by_ed(9))),
        ("an unknown kid", token(&json!({"alg": "RS256", "kid": "rsa-2"}), &claims, by_rsa)),
        ("the other key's kid", token(&json!({"alg": "RS256", "kid": "ed-1"}), &claims, by_rsa)),
        ("the other key's kid, EdDSA", token(&json!({"alg": "EdDSA", "kid": "rsa-1"}), &claims, by_ed(9))),
        ("another private key", token(&eddsa, &claims, by_ed(1))),
        ("a key it brings itself", token(&own, &claims, by_ed(1))),
        ("a signature cut short", cut),
        ("EdDSA said, RSA signed", token(&json!({"alg": "EdDSA"}), &claims, by_rsa)),
        ("RS256 said, EdDSA signed", token(&json!({"alg": "RS256"}), &claims, by_ed(9))),
        ("RS512 said, RS256 signed", token(&json!({"alg": "RS512", "kid": "rsa-1"}), &claims, by_rsa)),
        ("the public key as the secret of HS256", token(&json!({"alg": "HS256"}), &claims, by_secret(&modulus()))),
        (
            "the published key as the secret of HS256",
            token(
                &json!({"alg": "HS256", "kid": "rsa-1"}),
                &claims,
                by_secret(key_set()["keys"][0].to_string().as_bytes()),
            ),
        ),
        ("the secret's signature under RS256", token(&json!({"alg": "RS256"}), &claims, by_secret(SECRET.as_bytes()))),
        ("another tenant's name", token(&rs256, &with("tenant_id", json!(uuid::Uuid::from_u128(7))), by_rsa)),
    ] {
        let answer = ask(&host, &token).await;
        assert_eq!(answer.status, 401, "{attack}: {}", answer.text);
        assert_eq!(answer.json(), json!({"detail": "Not authenticated"}), "{attack}");
    }
    // All three ways stand side by side.
    ask(&host, &token(&rs256, &claims, by_rsa)).await.expect(200);
    ask(&host, &token(&eddsa, &claims, by_ed(9))).await.expect(200);
    ask(&host, &super::token(&claims)).await.expect(200);
}

#[tokio::test]
async fn a_key_taken_out_of_the_set_signs_nothing_any_more() {
    let host = TestHost::start().await;
    let bed = bed(&host, json!({"hs256_secret": null, "jwks": key_set()})).await;
    let claims = claims(&bed.tenant);
    let eddsa = token(&json!({"alg": "EdDSA", "kid": "ed-1"}), &claims, by_ed(9));
    ask(&host, &eddsa).await.expect(200);
    let mut left = key_set();
    left["keys"].as_array_mut().unwrap().remove(1);
    let settings = json!({"jwt": {"jwks": left}});
    host.operator.json("PATCH", &format!("{}/settings", bed.tenant.base), &settings).await.expect(200);
    ask(&host, &eddsa).await.expect(401);
    ask(&host, &token(&json!({"alg": "RS256", "kid": "rsa-1"}), &claims, by_rsa)).await.expect(200);
    // No other tenant's keys count.
    let other = Bed::new(&host).await;
    let foreign = token(&json!({"alg": "RS256", "kid": "rsa-1"}), &super::claims(&other.tenant), by_rsa);
    ask(&host, &foreign).await.expect(401);
}
