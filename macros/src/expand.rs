//! The function that takes the user's place: it builds a runtime and runs the body on it.
//!
//! Only the public API of `fusee` is named. What is generated stands at the attribute, and its variables are hidden from
//! the body; each option's call stands at the option.

use proc_macro::{Delimiter, Group, Span, TokenStream, TokenTree};

use crate::error::{Error, Result};
use crate::function::Function;
use crate::options::{Flavor, Given, Options};

/// Which of the two attributes is expanded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Attribute {
    Main,
    Test,
}

impl Attribute {
    fn default_flavor(self) -> Flavor {
        match self {
            Self::Main => Flavor::MultiThread,
            Self::Test => Flavor::CurrentThread,
        }
    }
}

/// Expands an attribute. After an error the function is kept, as well as it can be, so that nobody misses it elsewhere.
pub(crate) fn expand(attribute: Attribute, options: TokenStream, item: TokenStream) -> TokenStream {
    let function = match Function::parse(item.clone()) {
        Ok(function) => function,
        Err(error) => return [error.into_tokens(), item].into_iter().collect(),
    };
    if let Err(error) = check(attribute, &function) {
        return [error.into_tokens(), unchanged(&function)].into_iter().collect();
    }
    match Options::parse(options, attribute.default_flavor()) {
        Ok(options) => expand_function(attribute, &options, &function),
        Err(error) => {
            let defaults = expand_function(attribute, &Options::default(), &function);
            [error.into_tokens(), defaults].into_iter().collect()
        }
    }
}

fn check(attribute: Attribute, function: &Function) -> Result<()> {
    if !function.is_async {
        let message = "the `async` keyword is missing from the function declaration";
        return Err(Error::at(function.signature[0].span(), message));
    }
    if function.name.to_string() == "main" && !function.arguments.stream().is_empty() {
        return Err(Error::at(function.arguments.span(), "the function `main` takes no arguments"));
    }
    match function.test_attribute() {
        Some(second) if attribute == Attribute::Test => {
            Err(Error::at(second.span(), "the function is a test twice: `#[fusee::test]` adds `#[test]`"))
        }
        _ => Ok(()),
    }
}

/// The function as it was, but for its attributes.
fn unchanged(function: &Function) -> TokenStream {
    let mut tokens = TokenStream::new();
    tokens.extend(function.qualifiers.iter().cloned());
    tokens.extend(function.signature.iter().cloned());
    let mut body: TokenStream = function.inner_attributes.iter().cloned().collect();
    body.extend(function.statements.clone());
    tokens.extend([braces(body, function.body_span)]);
    tokens
}

fn expand_function(attribute: Attribute, options: &Options, function: &Function) -> TokenStream {
    let mut tokens: TokenStream = function.attributes.iter().cloned().collect();
    if attribute == Attribute::Test {
        // The last, so that a macro among the others finds it.
        tokens.extend(code("#[::core::prelude::v1::test]", Span::mixed_site()));
    }
    tokens.extend(function.qualifiers.iter().cloned());
    tokens.extend(function.signature.iter().cloned());
    let mut body: TokenStream = function.inner_attributes.iter().cloned().collect();
    body.extend(builder(attribute, options));
    body.extend(code(
        ".build().unwrap_or_else(|error| ::core::panic!(\"the runtime could not be started: {error}\")).block_on",
        Span::mixed_site(),
    ));
    let mut future = code("async", Span::mixed_site());
    future.extend([braces(statements(function), function.body_span)]);
    body.extend([TokenTree::from(Group::new(Delimiter::Parenthesis, future))]);
    tokens.extend([braces(body, function.body_span)]);
    tokens
}

/// The configured builder.
fn builder(attribute: Attribute, options: &Options) -> TokenStream {
    let mut tokens = match &options.path {
        Some(path) => code(&path.value, path.span),
        None => code("::fusee", Span::mixed_site()),
    };
    tokens.extend(code("::runtime::Builder::", Span::mixed_site()));
    let (flavor, span) = match &options.flavor {
        Some(given) => (given.value, given.span),
        None => (attribute.default_flavor(), Span::mixed_site()),
    };
    let workers = match (flavor, attribute, &options.worker_threads) {
        (Flavor::MultiThread, Attribute::Test, None) => Some(&Given { value: 1, span: Span::mixed_site() }),
        (_, _, given) => given.as_ref(),
    };
    tokens.extend(match flavor {
        Flavor::CurrentThread => code("new_current_thread()", span),
        Flavor::MultiThread => code("new_multi_thread()", span),
    });
    if let Some(workers) = workers {
        tokens.extend(code(&format!(".worker_threads({}usize)", workers.value), workers.span));
    }
    // The clock runs unless told otherwise, and a builder without the feature `test-util` has no such call.
    if let Some(given) = options.start_paused.as_ref().filter(|given| given.value) {
        tokens.extend(code(".start_paused(true)", given.span));
    }
    tokens
}

/// The body's statements, after one that does nothing but tell the compiler what they return: an `async` block cannot say
/// it, and errors in the body would be blamed on the whole.
fn statements(function: &Function) -> TokenStream {
    let mut tokens = TokenStream::new();
    if let Some(output) = nameable_output(function) {
        let span = function.output.first().map_or(function.name.span(), TokenTree::span);
        let span = span.resolved_at(Span::mixed_site());
        tokens.extend(code("if let ::core::option::Option::Some(output) = ::core::option::Option::", span));
        tokens.extend(code("<", span));
        tokens.extend(output);
        tokens.extend(code(">::None { return output; }", span));
    }
    tokens.extend(function.statements.clone());
    tokens
}

/// The return type, unless it can stand in a signature only.
fn nameable_output(function: &Function) -> Option<TokenStream> {
    if function.output.is_empty() {
        return Some(code("()", Span::mixed_site()));
    }
    let output: TokenStream = function.output.iter().cloned().collect();
    let is_never = output.to_string() == "!";
    (!is_never && !names_impl(output.clone())).then_some(output)
}

fn names_impl(tokens: TokenStream) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(word) => word.to_string() == "impl",
        TokenTree::Group(group) => names_impl(group.stream()),
        _ => false,
    })
}

fn braces(tokens: TokenStream, span: Span) -> TokenTree {
    let mut group = Group::new(Delimiter::Brace, tokens);
    group.set_span(span);
    group.into()
}

/// The tokens of `source`, all of them at `span`, where its names are looked up too.
fn code(source: &str, span: Span) -> TokenStream {
    let tokens: TokenStream = source.parse().expect("generated code is made of tokens");
    placed(tokens, span)
}

fn placed(tokens: TokenStream, span: Span) -> TokenStream {
    let place = |mut token: TokenTree| {
        if let TokenTree::Group(group) = &token {
            token = Group::new(group.delimiter(), placed(group.stream(), span)).into();
        }
        token.set_span(span);
        token
    };
    tokens.into_iter().map(place).collect()
}
