//! What all dialects share, so that a dialect holds nothing but its own wire shapes and translations.
//!
//! **How a request travels** (order of checks: contracts/README.md 0.2)
//!
//! 1. [`rewrite`] (outside the router): mount prefix, trailing slash, `%3A`.
//! 2. The router; what it does not know becomes [`ApiError::NoRoute`] or [`ApiError::MethodNotAllowed`].
//! 3. [`layer`]: request id, span, metrics, panics, and the rendering of every [`ApiError`] in its dialect's shape.
//! 4. [`Caller`]: credentials (401), scope and address (403), rate limit (429).
//! 5. [`JsonBody`] and friends: size (413), type (415), syntax.
//! 6. The handler: [`Fields`] for the body's members, then [`once`] for idempotency, then one application call.
//!
//! **Which error is which status** stands in [`ApiError::status`]; dialects may differ where their contract does.

pub mod address;
pub mod auth;
pub mod body;
pub mod depth;
pub mod drain;
pub mod endpoint;
pub mod error;
pub mod fields;
pub mod host;
pub mod idempotency;
pub mod layer;
pub mod limiter;
pub mod openapi;
pub mod params;
pub mod paths;
pub mod query;
pub mod reply;
pub mod request;
pub mod rewrite;
pub mod service;
pub mod signing;
pub mod state;
#[cfg(test)]
mod tests;
pub mod time;
pub mod wire;

pub use auth::{Caller, Permission};
pub use body::{BodyLimits, JsonBody, RawBody};
pub use endpoint::{Endpoint, RouteInfo, routes_of};
pub use error::{ApiError, ApiResult, AuthFault, Custom};
pub use fields::{Faults, Fields};
pub use idempotency::{IdempotencyHeader, Seed, once};
pub use limiter::{RateLimiter, RateState};
pub use params::Params;
pub use query::Query;
pub use request::RequestInfo;
pub use service::{ApiService, assemble};
pub use state::{ApiConfig, ApiParts, ApiState, Readiness};
pub use wire::Wire;
