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
    fn name(self) -> &'static str {
        match self {
            Self::Main => "main",
            Self::Test => "test",
        }
    }

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
        return [error.into_tokens(), kept(&function)].into_iter().collect();
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
    if let Some((second, path)) = function.runtime_attribute() {
        let message = match path.rsplit("::").nth(1) {
            Some("fusee") if path.ends_with(attribute.name()) => format!("`#[{path}]` is written twice"),
            _ => format!("`#[fusee::{}]` and `#[{path}]` give the function a runtime each: keep one", attribute.name()),
        };
        return Err(Error::at(second.span(), message));
    }
    let is_test = function.test_attribute();
    if !function.is_async {
        return Err(match is_test {
            // An attribute above may have made it one, and taken the word.
            Some(test) if attribute == Attribute::Test => Error::at(
                test.span(),
                "the function is a test already, and not `async`: `#[fusee::test]` makes a test of an `async fn` by itself",
            ),
            _ => {
                Error::at(function.signature[0].span(), "the `async` keyword is missing from the function declaration")
            }
        });
    }
    if is_main_with_arguments(function) {
        return Err(Error::at(function.arguments.span(), "the function `main` takes no arguments"));
    }
    match is_test {
        Some(second) if attribute == Attribute::Test => {
            Err(Error::at(second.span(), "the function is a test twice: `#[fusee::test]` adds `#[test]`"))
        }
        _ => Ok(()),
    }
}

/// The function without its attributes, and without a body that would miss the arguments which `main` may not have.
fn kept(function: &Function) -> TokenStream {
    if is_main_with_arguments(function) {
        return code("fn main() {}", Span::mixed_site());
    }
    let mut tokens: TokenStream = function.qualifiers.iter().chain(&function.signature).cloned().collect();
    let mut body: TokenStream = function.inner_attributes.iter().cloned().collect();
    body.extend(function.statements.clone());
    tokens.extend([braces(body, function.body_span)]);
    tokens
}

fn is_main_with_arguments(function: &Function) -> bool {
    function.name.to_string() == "main" && !function.arguments.stream().is_empty()
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
        ".unwrap_or_else(|error| ::core::panic!(\"the runtime could not be started: {error}\")).block_on",
        Span::mixed_site(),
    ));
    body.extend([TokenTree::from(Group::new(Delimiter::Parenthesis, future(function)))]);
    tokens.extend([braces(body, function.body_span)]);
    tokens
}

/// Where `fusee` is.
fn root(options: &Options) -> TokenStream {
    match &options.path {
        Some(path) => code(&path.value, path.span),
        None => code("::fusee", Span::mixed_site()),
    }
}

/// The configured builder, asked for a runtime.
fn builder(attribute: Attribute, options: &Options) -> TokenStream {
    let mut tokens = root(options);
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
        Flavor::CurrentThread | Flavor::Local => code("new_current_thread()", span),
        Flavor::MultiThread => code("new_multi_thread()", span),
    });
    if let Some(workers) = workers {
        tokens.extend(code(&format!(".worker_threads({}usize)", workers.value), workers.span));
    }
    if let Some(name) = &options.name {
        tokens.extend(code(&format!(".name({})", name.value), name.span));
    }
    // The clock runs unless told otherwise, and a builder without the feature `test-util` has no such call.
    if let Some(given) = options.start_paused.as_ref().filter(|given| given.value) {
        tokens.extend(code(".start_paused(true)", given.span));
    }
    tokens.extend(match flavor {
        Flavor::Local => code(".build_local(::core::default::Default::default())", span),
        Flavor::CurrentThread | Flavor::MultiThread => code(".build()", Span::mixed_site()),
    });
    tokens
}

/// The body as an `async` block.
///
/// Its first statement does nothing but tell the compiler what the others return: an `async` block cannot say it, and
/// errors in the body would be blamed on the whole. With it the block passes for the user's own.
fn future(function: &Function) -> TokenStream {
    let hint = type_hint(function);
    let mut tokens = code("async", if hint.is_empty() { Span::mixed_site() } else { function.body_span });
    let statements = [hint, function.statements.clone()].into_iter().collect();
    tokens.extend([braces(statements, function.body_span)]);
    tokens
}

/// `if let Some(output) = None::<the return type> { return output; }`, if that type can be named.
fn type_hint(function: &Function) -> TokenStream {
    let mut tokens = TokenStream::new();
    let Some(output_type) = nameable_output(function) else { return tokens };
    // The user's own place, where the compiler then finds the type. The variable is gone before the body begins.
    let output = code("output", function.output.first().map_or(function.name.span(), TokenTree::span));
    let mut block = code("return", Span::mixed_site());
    block.extend(output.clone());
    tokens.extend(code("if let ::core::option::Option::Some", Span::mixed_site()));
    tokens.extend([TokenTree::from(Group::new(Delimiter::Parenthesis, output))]);
    tokens.extend(code("= ::core::option::Option::<", Span::mixed_site()));
    tokens.extend(output_type);
    tokens.extend(code(">::None", Span::mixed_site()));
    tokens.extend([braces(block, Span::mixed_site())]);
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
