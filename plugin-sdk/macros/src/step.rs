//! `#[step]`.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::{Error, Expr, ExprLit, FnArg, Ident, ItemFn, Lit, LitStr, Meta, Path, Result, ReturnType, Token, Type};

const CATEGORIES: [&str; 5] = ["summary", "delivery", "action", "integration", "logic"];

/// What stands in the brackets.
#[derive(Default)]
pub struct Arguments {
    id: Option<LitStr>,
    title: Option<LitStr>,
    description: Option<LitStr>,
    category: Option<Ident>,
    validate: Option<Path>,
    requires_delivery: bool,
    delivers: bool,
}

impl Parse for Arguments {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let mut arguments = Self::default();
        while !input.is_empty() {
            let name: Ident = input.call(Ident::parse_any)?;
            match name.to_string().as_str() {
                "requires_delivery" => arguments.requires_delivery = true,
                "delivers" => arguments.delivers = true,
                "id" => arguments.id = Some(value(input)?),
                "title" => arguments.title = Some(value(input)?),
                "description" => arguments.description = Some(value(input)?),
                "category" => arguments.category = Some(value(input)?),
                "validate" => arguments.validate = Some(value(input)?),
                other => {
                    let known = "id, title, description, category, validate, requires_delivery, delivers";
                    return Err(Error::new(
                        name.span(),
                        format!("unknown argument `{other}`, expected one of {known}"),
                    ));
                }
            }
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(arguments)
    }
}

pub(crate) fn value<T: Parse>(input: ParseStream<'_>) -> Result<T> {
    input.parse::<Token![=]>()?;
    input.parse()
}

/// The type that stands for the step, with the function inside.
pub fn expand(arguments: Arguments, function: ItemFn) -> Result<TokenStream> {
    let signature = &function.sig;
    if let Some(asyncness) = signature.asyncness {
        return Err(Error::new(asyncness.span, "a step is a plain function: host calls block until they are done"));
    }
    if !signature.generics.params.is_empty() {
        return Err(Error::new_spanned(&signature.generics, "a step has no type parameters"));
    }
    let ReturnType::Type(_, returns) = &signature.output else {
        return Err(Error::new_spanned(&signature.ident, "a step returns `Result<Output, Fault>`"));
    };
    let (config, call) = classify(&function)?;
    let info = info(&arguments, &function)?;
    let validate = arguments.validate.map(|check| {
        quote! {
            fn validate(
                config: &Self::Config,
                context: &::stepwright_sdk::Context,
            ) -> ::core::result::Result<(), ::std::vec::Vec<::stepwright_sdk::FieldError>> {
                ::stepwright_sdk::__rt::Findings::into_result(#check(config, context))
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

        impl ::stepwright_sdk::Step for #name {
            type Config = #config;
            type Output = <#returns as ::stepwright_sdk::__rt::Returns>::Output;

            const INFO: ::stepwright_sdk::step::StepInfo = #info;

            fn run(
                __context: &::stepwright_sdk::Context,
                __config: Self::Config,
                __input: ::stepwright_sdk::Input,
            ) -> ::core::result::Result<Self::Output, ::stepwright_sdk::Fault> {
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
            return Err(Error::new_spanned(argument, "a step is a function, not a method"));
        };
        let role = match &*argument.ty {
            Type::Reference(reference) if ends_with(&reference.elem, "Context") => "__context",
            ty if ends_with(ty, "Input") => "__input",
            ty if config.is_none() => {
                config = Some(ty.clone());
                "__config"
            }
            ty => {
                let text = "a step takes `&Context`, one config type by value, and `Input`; this is a second config";
                return Err(Error::new_spanned(ty, text));
            }
        };
        call.push(format_ident!("{role}"));
    }
    Ok((config.unwrap_or_else(|| syn::parse_quote!(::stepwright_sdk::NoConfig)), call))
}

pub(crate) fn ends_with(ty: &Type, name: &str) -> bool {
    matches!(ty, Type::Path(path) if path.path.segments.last().is_some_and(|segment| segment.ident == name))
}

fn info(arguments: &Arguments, function: &ItemFn) -> Result<TokenStream> {
    let name = &function.sig.ident;
    let id = arguments.id.clone().unwrap_or_else(|| LitStr::new(&name.unraw().to_string(), name.span()));
    if !is_id(&id.value()) {
        return Err(Error::new(id.span(), "a step's id matches [a-z][a-z0-9_-]{0,63}"));
    }
    let title = arguments.title.as_ref().map_or_else(|| humanise(&id.value()), LitStr::value);
    let description = arguments.description.as_ref().map_or_else(|| documentation(function), LitStr::value);
    let category = match &arguments.category {
        None => format_ident!("Action"),
        Some(category) if CATEGORIES.contains(&category.to_string().as_str()) => {
            Ident::new(&humanise(&category.to_string()), category.span())
        }
        Some(category) => {
            return Err(Error::new(category.span(), format!("a category is one of {}", CATEGORIES.join(", "))));
        }
    };
    let Arguments { requires_delivery, delivers, .. } = arguments;
    Ok(quote! {
        ::stepwright_sdk::step::StepInfo {
            id: #id,
            title: #title,
            description: #description,
            category: ::stepwright_sdk::step::Category::#category,
            requires_delivery: #requires_delivery,
            delivers: #delivers,
        }
    })
}

pub(crate) fn is_id(id: &str) -> bool {
    let rest = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-';
    id.len() <= 64 && id.starts_with(|c: char| c.is_ascii_lowercase()) && id.chars().all(rest)
}

/// `mark_invoices_overdue` as `Mark invoices overdue`.
pub(crate) fn humanise(id: &str) -> String {
    let mut chars = id.chars();
    let first = chars.next().map(|c| c.to_ascii_uppercase());
    first.into_iter().chain(chars.map(|c| if c == '_' || c == '-' { ' ' } else { c })).collect()
}

/// The doc comment; lines of a paragraph are joined.
pub(crate) fn documentation(function: &ItemFn) -> String {
    let mut text = String::new();
    for attribute in &function.attrs {
        let Meta::NameValue(meta) = &attribute.meta else { continue };
        let Expr::Lit(ExprLit { lit: Lit::Str(line), .. }) = &meta.value else { continue };
        if !meta.path.is_ident("doc") {
            continue;
        }
        match line.value().trim() {
            "" if !text.is_empty() => text.push_str("\n\n"),
            line => {
                if !text.is_empty() && !text.ends_with('\n') {
                    text.push(' ');
                }
                text.push_str(line);
            }
        }
    }
    text.trim_end().to_owned()
}
