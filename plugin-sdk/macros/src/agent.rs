//! `#[agent]`.

use crate::step::{documentation, ends_with, humanise, is_id, value};
use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Error, FnArg, Ident, ItemFn, LitStr, Path, Result, ReturnType, Token, Type, bracketed};

/// What stands in the brackets.
#[derive(Default)]
pub struct Arguments {
    id: Option<LitStr>,
    title: Option<LitStr>,
    description: Option<LitStr>,
    outcomes: Vec<LitStr>,
    tools: Vec<LitStr>,
    validate: Option<Path>,
}

impl Parse for Arguments {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let mut arguments = Self::default();
        while !input.is_empty() {
            let name: Ident = input.call(Ident::parse_any)?;
            match name.to_string().as_str() {
                "id" => arguments.id = Some(value(input)?),
                "title" => arguments.title = Some(value(input)?),
                "description" => arguments.description = Some(value(input)?),
                "outcomes" => arguments.outcomes = texts(input)?,
                "tools" => arguments.tools = texts(input)?,
                "validate" => arguments.validate = Some(value(input)?),
                other => {
                    let known = "id, title, description, outcomes, tools, validate";
                    let text = format!("unknown argument `{other}`, expected one of {known}");
                    return Err(Error::new(name.span(), text));
                }
            }
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(arguments)
    }
}

fn texts(input: ParseStream<'_>) -> Result<Vec<LitStr>> {
    input.parse::<Token![=]>()?;
    let content;
    bracketed!(content in input);
    Ok(Punctuated::<LitStr, Token![,]>::parse_terminated(&content)?.into_iter().collect())
}

/// The type that stands for the agent, with the function inside.
pub fn expand(arguments: Arguments, function: ItemFn) -> Result<TokenStream> {
    let signature = &function.sig;
    if let Some(asyncness) = signature.asyncness {
        return Err(Error::new(asyncness.span, "an agent is a plain function: host calls block until they are done"));
    }
    if !signature.generics.params.is_empty() {
        return Err(Error::new_spanned(&signature.generics, "an agent has no type parameters"));
    }
    let ReturnType::Type(_, returns) = &signature.output else {
        return Err(Error::new_spanned(&signature.ident, "an agent returns `Result<Conclusion<Output>, Fault>`"));
    };
    let (config, call) = classify(&function)?;
    let info = info(&arguments, &function)?;
    let validate = arguments.validate.map(|check| {
        quote! {
            fn validate(
                config: &Self::Config,
            ) -> ::core::result::Result<(), ::std::vec::Vec<::stepwright_sdk::FieldError>> {
                ::stepwright_sdk::__rt::Findings::into_result(#check(config))
            }
        }
    });
    let (name, visibility) = (&signature.ident, &function.vis);
    let docs = function.attrs.iter().filter(|attribute| attribute.path().is_ident("doc"));
    let mut inner = function.clone();
    inner.vis = syn::Visibility::Inherited;
    inner.attrs.retain(|attribute| !attribute.path().is_ident("doc"));
    Ok(quote! {
        #(#docs)*
        #[allow(non_camel_case_types)]
        #[derive(Debug, Clone, Copy)]
        #visibility struct #name;

        impl ::stepwright_sdk::Agent for #name {
            type Config = #config;
            type Output = <<#returns as ::stepwright_sdk::__rt::Returns>::Output
                as ::stepwright_sdk::agent::AgentReturn>::Output;

            const INFO: ::stepwright_sdk::agent::AgentInfo = #info;

            fn run(
                __context: &::stepwright_sdk::Context,
                __config: Self::Config,
            ) -> ::core::result::Result<::stepwright_sdk::Conclusion<Self::Output>, ::stepwright_sdk::Fault> {
                #inner
                ::stepwright_sdk::__rt::Returns::into_result(#name(#(#call),*))
            }

            #validate
        }
    })
}

/// The config's type, and the arguments of the call in the function's order.
fn classify(function: &ItemFn) -> Result<(Type, Vec<Ident>)> {
    let mut config = None;
    let mut call = Vec::new();
    for argument in &function.sig.inputs {
        let FnArg::Typed(argument) = argument else {
            return Err(Error::new_spanned(argument, "an agent is a function, not a method"));
        };
        let role = match &*argument.ty {
            Type::Reference(reference) if ends_with(&reference.elem, "Context") => "__context",
            ty if config.is_none() => {
                config = Some(ty.clone());
                "__config"
            }
            ty => {
                let text = "an agent takes `&Context` and one config type by value; this is a second config";
                return Err(Error::new_spanned(ty, text));
            }
        };
        call.push(format_ident!("{role}"));
    }
    Ok((config.unwrap_or_else(|| syn::parse_quote!(::stepwright_sdk::NoConfig)), call))
}

fn info(arguments: &Arguments, function: &ItemFn) -> Result<TokenStream> {
    let name = &function.sig.ident;
    let id = arguments.id.clone().unwrap_or_else(|| LitStr::new(&name.unraw().to_string(), name.span()));
    if !is_id(&id.value()) {
        return Err(Error::new(id.span(), "an agent's id matches [a-z][a-z0-9_-]{0,63}"));
    }
    let title = arguments.title.as_ref().map_or_else(|| humanise(&id.value()), LitStr::value);
    let description = arguments.description.as_ref().map_or_else(|| documentation(function), LitStr::value);
    let Arguments { outcomes, tools, .. } = arguments;
    Ok(quote! {
        ::stepwright_sdk::agent::AgentInfo {
            id: #id,
            title: #title,
            description: #description,
            outcomes: &[#(#outcomes),*],
            tools: &[#(#tools),*],
        }
    })
}
