//! `plugin!`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Error, Expr, Ident, Path, Result, Token, bracketed};

/// What stands in the braces.
#[derive(Default)]
pub struct Declaration {
    name: Option<Expr>,
    version: Option<Expr>,
    description: Option<Expr>,
    hosts: Vec<Expr>,
    secrets: Vec<Expr>,
    datasets: Vec<Dataset>,
    steps: Vec<Path>,
    conditions: Vec<Path>,
    guards: Vec<Path>,
    agents: Vec<Path>,
}

/// `read "payments"` or `write "invoices"`.
struct Dataset {
    name: Expr,
    write: bool,
}

impl Parse for Dataset {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let access: Ident = input.parse()?;
        let write = match access.to_string().as_str() {
            "read" => false,
            "write" => true,
            _ => return Err(Error::new(access.span(), "expected `read \"…\"` or `write \"…\"`")),
        };
        Ok(Self { name: input.parse()?, write })
    }
}

impl Parse for Declaration {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let mut declaration = Self::default();
        let mut seen: Vec<Ident> = Vec::new();
        while !input.is_empty() {
            let field: Ident = input.parse()?;
            if seen.contains(&field) {
                return Err(Error::new(field.span(), format!("`{field}` is given twice")));
            }
            input.parse::<Token![:]>()?;
            match field.to_string().as_str() {
                "name" => declaration.name = Some(input.parse()?),
                "version" => declaration.version = Some(input.parse()?),
                "description" => declaration.description = Some(input.parse()?),
                "hosts" => declaration.hosts = list(input)?,
                "secrets" => declaration.secrets = list(input)?,
                "datasets" => declaration.datasets = list(input)?,
                "steps" => declaration.steps = list(input)?,
                "conditions" => declaration.conditions = list(input)?,
                "guards" => declaration.guards = list(input)?,
                "agents" => declaration.agents = list(input)?,
                other => {
                    let known =
                        "name, version, description, hosts, secrets, datasets, steps, conditions, guards, agents";
                    return Err(Error::new(field.span(), format!("unknown field `{other}`, expected one of {known}")));
                }
            }
            seen.push(field);
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        let Self { steps, conditions, guards, agents, .. } = &declaration;
        if [steps, conditions, guards, agents].iter().all(|family| family.is_empty()) {
            return Err(input.error("a plugin has at least one of `steps`, `conditions`, `guards` and `agents`"));
        }
        Ok(declaration)
    }
}

fn list<T: Parse>(input: ParseStream<'_>) -> Result<Vec<T>> {
    let content;
    bracketed!(content in input);
    Ok(Punctuated::<T, Token![,]>::parse_terminated(&content)?.into_iter().collect())
}

/// The type `Plugin` and, on wasm, the exports.
pub fn expand(declaration: Declaration) -> TokenStream {
    let Declaration { name, version, description, hosts, secrets, datasets, steps, conditions, guards, agents } =
        declaration;
    let name = name.map_or_else(|| quote!(::core::env!("CARGO_PKG_NAME")), |name| quote!(#name));
    let version = version.map_or_else(|| quote!(::core::env!("CARGO_PKG_VERSION")), |version| quote!(#version));
    let description = description.map_or_else(|| quote!(::core::env!("CARGO_PKG_DESCRIPTION")), |text| quote!(#text));
    let datasets = datasets.iter().map(|Dataset { name, write }| quote!((#name, #write)));
    let families = [("steps", &steps), ("conditions", &conditions), ("guards", &guards), ("agents", &agents)];
    let exports = families.iter().filter(|(_, named)| !named.is_empty()).map(|(family, _)| {
        let module = quote::format_ident!("{family}");
        let export = quote::format_ident!("export_{family}");
        quote!(::stepwright_sdk::__rt::#module::#export!(__Exports with_types_in ::stepwright_sdk::__rt::#module);)
    });
    quote! {
        /// This crate's plugin.
        #[derive(Debug, Clone, Copy)]
        pub struct Plugin;

        impl ::stepwright_sdk::plugin::Plugin for Plugin {
            const MANIFEST: ::stepwright_sdk::plugin::Manifest = ::stepwright_sdk::plugin::Manifest {
                name: #name,
                version: #version,
                description: #description,
                hosts: &[#(#hosts),*],
                datasets: &[#(#datasets),*],
                secrets: &[#(#secrets),*],
            };
            const STEPS: &'static [::stepwright_sdk::step::StepEntry] =
                &[#(::stepwright_sdk::step::StepEntry::of::<#steps>()),*];
            const CONDITIONS: &'static [::stepwright_sdk::condition::ConditionEntry] =
                &[#(::stepwright_sdk::condition::ConditionEntry::of::<#conditions>()),*];
            const GUARDS: &'static [::stepwright_sdk::guard::GuardEntry] =
                &[#(::stepwright_sdk::guard::GuardEntry::of::<#guards>()),*];
            const AGENTS: &'static [::stepwright_sdk::agent::AgentEntry] =
                &[#(::stepwright_sdk::agent::AgentEntry::of::<#agents>()),*];
        }

        const _: () = ::stepwright_sdk::__rt::assert_unique(&[#(<#steps as ::stepwright_sdk::Step>::INFO.id),*]);
        const _: () = ::stepwright_sdk::__rt::assert_unique(
            &[#(<#conditions as ::stepwright_sdk::condition::Condition>::INFO.id),*]
        );
        const _: () = ::stepwright_sdk::__rt::assert_unique(
            &[#(<#guards as ::stepwright_sdk::guard::Guard>::INFO.id),*]
        );
        const _: () = ::stepwright_sdk::__rt::assert_unique(&[#(<#agents as ::stepwright_sdk::Agent>::INFO.id),*]);

        #[cfg(target_family = "wasm")]
        const _: () = {
            type __Exports = ::stepwright_sdk::plugin::Exports<Plugin>;
            ::stepwright_sdk::__rt::manifest::export_manifest!(
                __Exports with_types_in ::stepwright_sdk::__rt::manifest
            );
            #(#exports)*
        };
    }
}
