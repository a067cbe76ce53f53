//! The macros of `stepwright-sdk`; see there.

mod agent;
mod plugin;
mod step;

use proc_macro::TokenStream;

/// Makes a step of a function.
///
/// The function takes any of `&Context`, a config type and `Input`, and returns `Result<Output, Fault>` or
/// `Result<StepOutcome<Output>, Fault>`. Its name becomes a type that implements `Step`; its doc comment becomes the
/// step's description.
///
/// Arguments, all optional: `title = "…"`, `category = summary | delivery | action | integration | logic`,
/// `id = "…"` (default: the function's name), `requires_delivery`, `delivers`, and `validate = path::to::check`, a
/// `fn(&Config, &Context)` that returns `Vec<FieldError>`, `Result<(), FieldError>` or `Result<(), Vec<FieldError>>`.
#[proc_macro_attribute]
pub fn step(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let arguments = syn::parse_macro_input!(arguments as step::Arguments);
    let function = syn::parse_macro_input!(item as syn::ItemFn);
    step::expand(arguments, function).unwrap_or_else(|error| error.to_compile_error()).into()
}

/// Makes an agent of a function.
///
/// The function takes any of `&Context` and a config type, and returns `Result<Conclusion<Output>, Fault>`. Its name
/// becomes a type that implements `Agent`; its doc comment becomes the agent's description.
///
/// Arguments, all optional: `title = "…"`, `id = "…"` (default: the function's name), `outcomes = ["…"]`,
/// `tools = ["…"]` (names it will ask for), and `validate = path::to::check`, a `fn(&Config)` that returns
/// `Vec<FieldError>`, `Result<(), FieldError>` or `Result<(), Vec<FieldError>>`.
#[proc_macro_attribute]
pub fn agent(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let arguments = syn::parse_macro_input!(arguments as agent::Arguments);
    let function = syn::parse_macro_input!(item as syn::ItemFn);
    agent::expand(arguments, function).unwrap_or_else(|error| error.to_compile_error()).into()
}

/// Declares the crate's plugin: who it is, what it asks for and what it has. Once per crate.
///
/// ```ignore
/// stepwright_sdk::plugin! {
///     name: "invoicing",                            // default: the crate's name
///     description: "…",                             // default: the crate's description
///     datasets: [read "payments", write "invoices"],
///     hosts: ["api.example.com"],
///     secrets: ["api-key"],
///     steps: [mark_invoices_overdue],
///     conditions: [],
///     guards: [],
///     agents: [],
/// }
/// ```
///
/// It defines the type `Plugin`, and exports the families that are named when the target is WebAssembly.
#[proc_macro]
pub fn plugin(input: TokenStream) -> TokenStream {
    plugin::expand(syn::parse_macro_input!(input as plugin::Declaration)).into()
}
