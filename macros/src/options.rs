//! What stands in the attribute's parentheses: `flavor = "multi_thread", worker_threads = 4`.
//!
//! Each option is given once at most, as a name and a literal. Deliberately not here: what a runtime itself refuses, such
//! as more workers than it takes; its builder answers that where the program runs.

use proc_macro::{Delimiter, Ident, Span, TokenStream, TokenTree};

use crate::error::{Error, Result};
use crate::literal;

const FLAVORS: &str = "the flavors are `multi_thread`, `current_thread` and `local`";
const OPTIONS: &str = "the options are `flavor`, `worker_threads`, `name`, `start_paused` and `crate`";

/// The scheduler that a runtime is built with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flavor {
    CurrentThread,
    MultiThread,
    /// A current-thread one for futures that are not `Send`.
    Local,
}

/// An option's value, and the place to blame for it.
#[derive(Clone, Debug)]
pub(crate) struct Given<T> {
    pub(crate) value: T,
    pub(crate) span: Span,
}

impl<T> Given<T> {
    /// Where what is generated for it stands: in its place, but not as the user's own code, which lints would judge.
    pub(crate) fn place(&self) -> Span {
        self.span.resolved_at(Span::mixed_site())
    }
}

/// The options that were given.
#[derive(Clone, Debug, Default)]
pub(crate) struct Options {
    pub(crate) flavor: Option<Given<Flavor>>,
    pub(crate) worker_threads: Option<Given<usize>>,
    /// The runtime's name, as the literal is written.
    pub(crate) name: Option<Given<String>>,
    pub(crate) start_paused: Option<Given<bool>>,
    /// Where `fusee` is found: a path.
    pub(crate) path: Option<Given<String>>,
}

impl Options {
    /// Reads the attribute's tokens; `default` is the flavor when none is given.
    pub(crate) fn parse(tokens: TokenStream, default: Flavor) -> Result<Self> {
        let mut options = Self::default();
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        for entry in tokens.split(|token| is_punct(token, ',')) {
            // After a trailing comma, or between the parentheses of `()`.
            if !entry.is_empty() {
                options.take(entry)?;
            }
        }
        let flavor = options.flavor.as_ref().map_or(default, |given| given.value);
        match &options.worker_threads {
            Some(given) if flavor != Flavor::MultiThread => {
                Err(Error::at(given.span, "`worker_threads` needs the option `flavor = \"multi_thread\"`"))
            }
            _ => Ok(options),
        }
    }

    /// Takes one `name = value`.
    fn take(&mut self, entry: &[TokenTree]) -> Result<()> {
        let [TokenTree::Ident(name), rest @ ..] = entry else {
            return Err(Error::over(entry, format!("an option is written `name = value`; {OPTIONS}")));
        };
        match name.to_string().as_str() {
            "flavor" => set(&mut self.flavor, name, rest, "\"multi_thread\"", flavor),
            "worker_threads" => set(&mut self.worker_threads, name, rest, "4", worker_threads),
            "name" => set(&mut self.name, name, rest, "\"requests\"", runtime_name),
            "start_paused" => set(&mut self.start_paused, name, rest, "true", start_paused),
            "crate" => set(&mut self.path, name, rest, "\"fusee\"", path),
            _ => Err(Error::over(entry, format!("unknown option `{name}`; {OPTIONS}"))),
        }
    }
}

/// Sets an option from the tokens after its name, unless it is set.
fn set<T>(
    option: &mut Option<Given<T>>,
    name: &Ident,
    rest: &[TokenTree],
    example: &str,
    read: fn(&[TokenTree]) -> Result<T>,
) -> Result<()> {
    if option.is_some() {
        return Err(Error::at(name.span(), format!("the option `{name}` is given twice")));
    }
    match rest {
        [equals, value @ ..] if is_punct(equals, '=') && !value.is_empty() => {
            let span = if let [token] = value { token.span() } else { name.span() };
            *option = Some(Given { value: read(value)?, span });
            Ok(())
        }
        _ => {
            let at = if rest.is_empty() { name.span() } else { rest[0].span() };
            Err(Error::at(at, format!("the option `{name}` takes a value, as in `{name} = {example}`")))
        }
    }
}

fn flavor(value: &[TokenTree]) -> Result<Flavor> {
    let text = literal_text(value);
    match text.as_deref().and_then(literal::string) {
        Some("current_thread") => Ok(Flavor::CurrentThread),
        Some("multi_thread") => Ok(Flavor::MultiThread),
        Some("local") => Ok(Flavor::Local),
        Some(other) => Err(Error::over(value, format!("unknown flavor `{other}`; {FLAVORS}"))),
        None => Err(Error::over(value, format!("`flavor` takes a string literal; {FLAVORS}"))),
    }
}

fn worker_threads(value: &[TokenTree]) -> Result<usize> {
    let text = literal_text(value);
    match text.as_deref().and_then(literal::integer) {
        Some(0) => Err(Error::over(value, "`worker_threads` must be at least 1")),
        Some(count) => usize::try_from(count).map_err(|_| Error::over(value, "`worker_threads` is too large")),
        None => Err(Error::over(value, "`worker_threads` takes an integer literal, as in `worker_threads = 4`")),
    }
}

fn runtime_name(value: &[TokenTree]) -> Result<String> {
    let text = literal_text(value);
    match text.as_deref().and_then(literal::string) {
        Some(name) if name.trim().is_empty() => Err(Error::over(value, "`name` must not be blank")),
        Some(_) => Ok(text.unwrap_or_default()),
        None => Err(Error::over(value, "`name` takes a string literal, as in `name = \"requests\"`")),
    }
}

fn start_paused(value: &[TokenTree]) -> Result<bool> {
    match literal_text(value).as_deref() {
        Some("true") => Ok(true),
        Some("false") => Ok(false),
        _ => Err(Error::over(value, "`start_paused` takes `true` or `false`")),
    }
}

fn path(value: &[TokenTree]) -> Result<String> {
    let text = literal_text(value);
    let Some(path) = text.as_deref().and_then(literal::string) else {
        return Err(Error::over(value, "`crate` takes a string literal that holds a path, as in `crate = \"fusee\"`"));
    };
    let is_name = |name: &str| {
        let mut letters = name.chars();
        letters.next().is_some_and(|first| first == '_' || first.is_alphabetic())
            && letters.all(|letter| letter == '_' || letter.is_alphanumeric())
    };
    if path.strip_prefix("::").unwrap_or(path).split("::").all(|name| is_name(name.trim())) {
        return Ok(path.to_owned());
    }
    Err(Error::over(value, format!("`{path}` is no path to the crate, as in `crate = \"fusee\"`")))
}

/// The text of a value that is one literal, or `true` or `false`; a fragment of `macro_rules!` counts as what is in it.
fn literal_text(value: &[TokenTree]) -> Option<String> {
    match value {
        [TokenTree::Literal(literal)] => Some(literal.to_string()),
        [TokenTree::Ident(word)] => Some(word.to_string()),
        [TokenTree::Group(group)] if group.delimiter() == Delimiter::None => {
            literal_text(&group.stream().into_iter().collect::<Vec<_>>())
        }
        _ => None,
    }
}

pub(crate) fn is_punct(token: &TokenTree, mark: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == mark)
}
