//! The function under the attribute, taken apart as far as the expansion needs it.
//!
//! Tokens are passed on as they came, so that what the compiler says of them points at the user's source. A fragment of
//! `macro_rules!` comes as a group without delimiters, which is looked into where a part is sought.

use proc_macro::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};

use crate::error::{Error, Result};
use crate::options::is_punct;

/// A function item.
#[derive(Clone, Debug)]
pub(crate) struct Function {
    /// The attributes below ours, and above it those that are not macros.
    pub(crate) attributes: Vec<TokenTree>,
    /// Visibility and qualifiers, without `async`.
    pub(crate) qualifiers: Vec<TokenTree>,
    pub(crate) is_async: bool,
    pub(crate) name: Ident,
    /// From `fn` to the body: the name, generics, arguments, return type and where clause.
    pub(crate) signature: Vec<TokenTree>,
    pub(crate) arguments: Group,
    /// What stands after `->`; empty without one.
    pub(crate) output: Vec<TokenTree>,
    /// The attributes at the head of the body, `#![…]`.
    pub(crate) inner_attributes: Vec<TokenTree>,
    /// The rest of the body.
    pub(crate) statements: TokenStream,
    pub(crate) body_span: Span,
}

impl Function {
    pub(crate) fn parse(item: TokenStream) -> Result<Self> {
        let tokens = unwrapped(item);
        let misplaced = || Error::over(&tokens, "this attribute goes on an `async fn`");
        let (attributes, rest) = tokens.split_at(attributes_len(&tokens, 2));
        let is_fn = |token: &TokenTree| is_word(token, "fn");
        let (head, rest) = rest.split_at(rest.iter().position(is_fn).ok_or_else(misplaced)?);
        if !head.iter().all(may_precede_fn) {
            return Err(misplaced());
        }
        let Some((last, signature)) = rest.split_last() else { return Err(misplaced()) };
        let body = braces(last).ok_or_else(|| Error::over(rest, "the function has no body"))?;
        let [_, TokenTree::Ident(name), after_name @ ..] = signature else { return Err(misplaced()) };
        let after_generics = &after_name[generics_len(after_name)..];
        let [TokenTree::Group(arguments), after_arguments @ ..] = after_generics else { return Err(misplaced()) };
        let statements: Vec<TokenTree> = body.stream().into_iter().collect();
        let (inner_attributes, statements) = statements.split_at(attributes_len(&statements, 3));
        Ok(Self {
            attributes: attributes.to_vec(),
            qualifiers: head.iter().filter(|token| !is_word(token, "async")).cloned().collect(),
            is_async: head.iter().any(|token| is_word(token, "async")),
            name: name.clone(),
            signature: signature.to_vec(),
            arguments: arguments.clone(),
            output: output(after_arguments).to_vec(),
            inner_attributes: inner_attributes.to_vec(),
            statements: statements.iter().cloned().collect(),
            body_span: body.span(),
        })
    }

    /// The `#[test]` that the function has already, by whichever of its names.
    pub(crate) fn test_attribute(&self) -> Option<&TokenTree> {
        let is_test = |path: &str| {
            matches!(path.split_once("::prelude::"), Some(("core" | "std", edition)) if edition.ends_with("::test"))
                || path == "test"
        };
        self.attributes_with_paths().find_map(|(token, path)| is_test(&path).then_some(token))
    }

    /// An attribute below ours that gives the function a runtime too, with its path.
    pub(crate) fn runtime_attribute(&self) -> Option<(&TokenTree, String)> {
        self.attributes_with_paths().find(|(_, path)| {
            let segments: Vec<&str> = path.split("::").collect();
            matches!(segments.as_slice(), [.., "fusee" | "tokio" | "async_std" | "actix_rt", "main" | "test"])
        })
    }

    /// What stands in brackets, with the path that it begins with.
    fn attributes_with_paths(&self) -> impl Iterator<Item = (&TokenTree, String)> {
        let path = |group: &Group| {
            let in_path = |token: &TokenTree| matches!(token, TokenTree::Ident(_)) || is_punct(token, ':');
            let path: String = group.stream().into_iter().take_while(in_path).map(|token| token.to_string()).collect();
            path.trim_start_matches(':').to_owned()
        };
        self.attributes.iter().filter_map(move |token| match token {
            TokenTree::Group(group) => Some((token, path(group))),
            _ => None,
        })
    }
}

/// The tokens of an item, out of the group that a fragment comes in.
fn unwrapped(item: TokenStream) -> Vec<TokenTree> {
    let tokens: Vec<TokenTree> = item.into_iter().collect();
    match tokens.as_slice() {
        [TokenTree::Group(group)] if group.delimiter() == Delimiter::None => unwrapped(group.stream()),
        _ => tokens,
    }
}

/// The body, out of the group that a fragment comes in.
fn braces(token: &TokenTree) -> Option<Group> {
    let TokenTree::Group(group) = token else { return None };
    match group.delimiter() {
        Delimiter::Brace => Some(group.clone()),
        Delimiter::None => match unwrapped(group.stream()).as_slice() {
            [inner] => braces(inner),
            _ => None,
        },
        _ => None,
    }
}

/// How many tokens at the head are attributes: of 2 tokens each, `#[…]`, or of 3, `#![…]`.
fn attributes_len(tokens: &[TokenTree], each: usize) -> usize {
    let is_attribute = |tokens: &&[TokenTree]| match tokens {
        [hash, TokenTree::Group(_)] => is_punct(hash, '#'),
        [hash, bang, TokenTree::Group(_)] => is_punct(hash, '#') && is_punct(bang, '!'),
        _ => false,
    };
    tokens.chunks(each).take_while(is_attribute).count() * each
}

/// Whether a token can be part of a visibility or a qualifier.
fn may_precede_fn(token: &TokenTree) -> bool {
    match token {
        TokenTree::Ident(word) => matches!(
            word.to_string().as_str(),
            "pub" | "crate" | "default" | "const" | "async" | "unsafe" | "safe" | "extern"
        ),
        // `(crate)`, the ABI, and fragments.
        TokenTree::Group(_) | TokenTree::Literal(_) => true,
        TokenTree::Punct(_) => false,
    }
}

/// How many tokens at the head are the generics, `<…>`.
fn generics_len(tokens: &[TokenTree]) -> usize {
    let mut depth = 0;
    for (index, token) in tokens.iter().enumerate() {
        let is_arrow = index > 0 && is_punct(&tokens[index - 1], '-');
        if is_punct(token, '<') {
            depth += 1;
        } else if is_punct(token, '>') && !is_arrow {
            depth -= 1;
        }
        if depth == 0 {
            return if index == 0 { 0 } else { index + 1 };
        }
    }
    0
}

/// The return type among the tokens between arguments and body.
fn output(tokens: &[TokenTree]) -> &[TokenTree] {
    let [dash, angle, rest @ ..] = tokens else { return &[] };
    if !is_punct(dash, '-') || !is_punct(angle, '>') {
        return &[];
    }
    let end = rest.iter().position(|token| is_word(token, "where")).unwrap_or(rest.len());
    &rest[..end]
}

fn is_word(token: &TokenTree, word: &str) -> bool {
    matches!(token, TokenTree::Ident(ident) if ident.to_string() == word)
}
