//! What the attributes answer to code that they cannot take: a message at a place in the user's source.

use proc_macro::{Delimiter, Group, Ident, Literal, Punct, Spacing, Span, TokenStream, TokenTree};

pub(crate) type Result<T> = std::result::Result<T, Error>;

/// A message, and the first and the last token that it is about.
#[derive(Clone, Debug)]
pub(crate) struct Error {
    message: String,
    first: Span,
    last: Span,
}

impl Error {
    pub(crate) fn at(span: Span, message: impl Into<String>) -> Self {
        Self { message: message.into(), first: span, last: span }
    }

    /// About all of `tokens`; about the attribute itself if there are none.
    pub(crate) fn over(tokens: &[TokenTree], message: impl Into<String>) -> Self {
        let span_of = |token: Option<&TokenTree>| token.map_or_else(Span::call_site, TokenTree::span);
        Self { message: message.into(), first: span_of(tokens.first()), last: span_of(tokens.last()) }
    }

    /// `::core::compile_error! { "message" }`. The compiler underlines from its first token to its last.
    pub(crate) fn into_tokens(self) -> TokenStream {
        let punct = |mark, spacing| {
            let mut punct = Punct::new(mark, spacing);
            punct.set_span(self.first);
            TokenTree::from(punct)
        };
        let mut message = Literal::string(&self.message);
        message.set_span(self.last);
        let mut braces = Group::new(Delimiter::Brace, TokenTree::from(message).into());
        braces.set_span(self.last);
        [
            punct(':', Spacing::Joint),
            punct(':', Spacing::Alone),
            Ident::new("core", self.first).into(),
            punct(':', Spacing::Joint),
            punct(':', Spacing::Alone),
            Ident::new("compile_error", self.first).into(),
            punct('!', Spacing::Alone),
            braces.into(),
        ]
        .into_iter()
        .collect()
    }
}
