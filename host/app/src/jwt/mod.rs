//! Signed tokens of a tenant's users (source: contracts/hydracore.md 1A.1): HS256 with the tenant's secret, RS256 or
//! EdDSA with a key of its JWKS. Which kind of key may verify which algorithm is decided here, never by the token.

mod provider;
#[cfg(test)]
mod tests;

use crate::model::{JwtSettings, User};
use jsonwebtoken::dangerous::insecure_decode_claims;
use jsonwebtoken::jwk::{Jwk, JwkSet, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey, Header, Validation, decode, decode_header};
use serde_json::{Map, Value};
use stepwright_engine::{TenantId, Timestamp};

/// Bytes of a token; more is none.
const MAX_TOKEN: usize = 8 << 10;
/// Characters of a subject.
const MAX_SUBJECT: usize = 255;
/// Keys of a JWKS that are tried for one token.
const MAX_TRIED: usize = 10;
/// How far ahead the clock of whoever has issued a token may be, in seconds.
const MAX_AHEAD: i64 = 60;

type Claims = Map<String, Value>;

/// The tenant a token says it is for. Nothing of it is proven.
pub(crate) fn claimed_tenant(token: &str) -> Option<TenantId> {
    if token.len() > MAX_TOKEN {
        return None;
    }
    let claims: Claims = insecure_decode_claims(token).ok()?;
    claims.get("tenant_id")?.as_str()?.parse().ok()
}

/// The user of a token that a key of the tenant has signed and that is valid now.
pub(crate) fn verify(token: &str, tenant: TenantId, settings: &JwtSettings, now: Timestamp) -> Option<User> {
    provider::install();
    let header = decode_header(token).ok()?;
    // An extension that must be understood is not.
    if header.crit.is_some() {
        return None;
    }
    let validation = validation(header.alg, settings);
    let keys = keys_for(&header, settings);
    let claims = keys.iter().find_map(|key| decode::<Claims>(token, key, &validation).ok())?.claims;
    let claimed: TenantId = claims.get("tenant_id")?.as_str()?.parse().ok()?;
    if claimed != tenant || !is_valid_at(&claims, now) {
        return None;
    }
    let subject = claims.get("sub")?.as_str()?.to_owned();
    let fits = (1..=MAX_SUBJECT).contains(&subject.chars().count()) && !subject.contains('\0');
    let is_admin = claims.get("role").and_then(Value::as_str) == Some("admin")
        || claims.get("is_admin").and_then(Value::as_bool) == Some(true);
    fits.then_some(User { tenant_id: tenant, subject, is_admin })
}

/// Whether a text is a JWKS this host can read, with at least one key it can use.
pub(crate) fn is_jwks(jwks: &Value) -> bool {
    let Ok(set) = serde_json::from_value::<JwkSet>(jwks.clone()) else { return false };
    set.keys.iter().any(|jwk| DecodingKey::from_jwk(jwk).is_ok_and(|key| is_public(&key)))
}

/// Secrets do not belong into a set of public keys.
fn is_public(key: &DecodingKey) -> bool {
    matches!(key.family(), AlgorithmFamily::Rsa | AlgorithmFamily::Ed)
}

/// Issuer and audience must be there and right where the tenant names them. Time is checked by the host's own clock.
fn validation(algorithm: Algorithm, settings: &JwtSettings) -> Validation {
    let mut validation = Validation::new(algorithm);
    let mut required = vec!["exp"];
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation.validate_aud = settings.audience.is_some();
    if let Some(audience) = &settings.audience {
        validation.set_audience(&[audience]);
        required.push("aud");
    }
    if let Some(issuer) = &settings.issuer {
        validation.set_issuer(&[issuer]);
        required.push("iss");
    }
    validation.set_required_spec_claims(&required);
    validation
}

fn keys_for(header: &Header, settings: &JwtSettings) -> Vec<DecodingKey> {
    match header.alg {
        Algorithm::HS256 => {
            settings.hs256_secret.iter().filter_map(|secret| DecodingKey::from_secret(secret.as_bytes()).ok()).collect()
        }
        Algorithm::RS256 | Algorithm::EdDSA => {
            let set = settings.jwks.as_ref().and_then(|jwks| serde_json::from_value::<JwkSet>(jwks.clone()).ok());
            let keys = set.map(|set| set.keys).unwrap_or_default();
            let fitting = keys.iter().filter(|jwk| fits(jwk, header)).take(MAX_TRIED);
            fitting
                .filter_map(|jwk| DecodingKey::from_jwk(jwk).ok())
                .filter(|key| is_public(key) && key.family() == header.alg.family())
                .collect()
        }
        _ => Vec::new(),
    }
}

fn fits(jwk: &Jwk, header: &Header) -> bool {
    let by_id = match (&header.kid, &jwk.common.key_id) {
        (Some(asked), Some(id)) => asked == id,
        (Some(_), None) | (None, _) => header.kid.is_none(),
    };
    let for_signing = matches!(jwk.common.public_key_use, None | Some(PublicKeyUse::Signature));
    let algorithm = match jwk.common.key_algorithm {
        None => true,
        Some(KeyAlgorithm::RS256) => header.alg == Algorithm::RS256,
        Some(KeyAlgorithm::EdDSA) => header.alg == Algorithm::EdDSA,
        Some(_) => false,
    };
    by_id && for_signing && algorithm
}

/// `exp` must lie ahead, `nbf` and `iat` behind. What is no number is none of them.
fn is_valid_at(claims: &Claims, now: Timestamp) -> bool {
    let seconds = |name: &str| claims.get(name).map(|value| value.as_f64().filter(|secs| secs.is_finite()));
    let now = now.secs();
    let is_past = |name: &str| match seconds(name) {
        None => true,
        Some(at) => at.is_some_and(|at| at <= (now + MAX_AHEAD) as f64),
    };
    let ahead = seconds("exp").flatten().is_some_and(|exp| exp > now as f64);
    ahead && is_past("nbf") && is_past("iat")
}
