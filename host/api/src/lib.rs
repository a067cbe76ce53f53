//! The HTTP edge: the kit every dialect is built on, and the dialects, one folder each.
//!
//! Architecture invariants: no dialect knows another; a handler is extract → translate → one application call →
//! translate; status codes and wire shapes exist only here; no SQL and no wasmtime.

pub mod epilot;
pub mod kit;
pub mod platform;
pub mod smartmca;
pub mod softsolz;

use kit::{ApiService, ApiState, RouteInfo, Wire};
use std::sync::LazyLock;

/// Every dialect that is served. The first one also answers for paths outside of all of them.
pub static WIRES: [&dyn Wire; 4] = [&platform::Platform, &softsolz::SoftSolz, &epilot::Epilot, &smartmca::SmartMca];

static ROUTES: LazyLock<Vec<RouteInfo>> = LazyLock::new(|| kit::routes_of(&WIRES));

/// Every operation of every dialect, made from the same table as the router.
pub fn routes() -> &'static [RouteInfo] {
    &ROUTES
}

/// The whole HTTP surface on one port.
pub fn router(state: ApiState) -> ApiService {
    kit::assemble(state, &WIRES, routes())
}
