//! The paths that a file names: `use` trees spelt out, and the paths in its code.

use super::Source;

/// One path, such as `std::sync::Arc`; a glob ends in `*`.
#[derive(Debug)]
pub(crate) struct NamedPath {
    pub(crate) offset: usize,
    pub(crate) segments: Vec<String>,
    /// Whether an import names it.
    pub(crate) imported: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token<'a> {
    Word(&'a str),
    /// `::`
    Separator,
    Mark(char),
}

/// Every path of at least one separator, and every imported name.
pub(crate) fn named_paths(source: &Source) -> Vec<NamedPath> {
    let tokens = tokenize(source.code());
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        match tokens[at].1 {
            Token::Word("use") if begins_import(&tokens, at + 1) => {
                at += 1;
                use_tree(&tokens, &mut at, &[], &mut found);
            }
            // `pub(in crate::time)` restricts; it names nothing that is used.
            Token::Word("in") if at > 0 && tokens[at - 1].1 == Token::Mark('(') => {
                at += 1;
                plain_path(&tokens, &mut at);
            }
            Token::Word(_) => {
                let offset = tokens[at].0;
                let segments = plain_path(&tokens, &mut at);
                if segments.len() > 1 {
                    found.push(NamedPath { offset, segments, imported: false });
                }
            }
            _ => at += 1,
        }
    }
    found
}

/// Whether an import follows the word `use`, and not the `<…>` of precise capturing.
fn begins_import(tokens: &[(usize, Token<'_>)], at: usize) -> bool {
    matches!(tokens.get(at), Some((_, Token::Word(_) | Token::Separator | Token::Mark('{'))))
}

fn plain_path(tokens: &[(usize, Token<'_>)], at: &mut usize) -> Vec<String> {
    let mut segments = Vec::new();
    while let Some((_, Token::Word(word))) = tokens.get(*at) {
        segments.push((*word).to_owned());
        *at += 1;
        let goes_on = matches!(tokens.get(*at), Some((_, Token::Separator)))
            && matches!(tokens.get(*at + 1), Some((_, Token::Word(_))));
        if !goes_on {
            break;
        }
        *at += 1;
    }
    segments
}

/// Reads one tree of an import, `a::b::{c, d::*}`, whose beginning is `prefix`.
fn use_tree(tokens: &[(usize, Token<'_>)], at: &mut usize, prefix: &[String], found: &mut Vec<NamedPath>) {
    let mut segments = prefix.to_vec();
    while let Some((offset, token)) = tokens.get(*at) {
        match token {
            Token::Separator => *at += 1,
            Token::Mark('{') => {
                *at += 1;
                while !matches!(tokens.get(*at), None | Some((_, Token::Mark('}' | ';')))) {
                    use_tree(tokens, at, &segments, found);
                    if matches!(tokens.get(*at), Some((_, Token::Mark(',')))) {
                        *at += 1;
                    }
                }
                *at += 1;
                return;
            }
            Token::Word("self") if !prefix.is_empty() => {
                *at += 1;
                return end_import(tokens, at, *offset, segments, found);
            }
            Token::Mark('*') => {
                segments.push("*".to_owned());
                *at += 1;
                return end_import(tokens, at, *offset, segments, found);
            }
            Token::Word(word) => {
                segments.push((*word).to_owned());
                *at += 1;
                if !matches!(tokens.get(*at), Some((_, Token::Separator))) {
                    return end_import(tokens, at, *offset, segments, found);
                }
            }
            Token::Mark(_) => {
                *at += 1;
                return;
            }
        }
    }
}

fn end_import(
    tokens: &[(usize, Token<'_>)],
    at: &mut usize,
    offset: usize,
    segments: Vec<String>,
    found: &mut Vec<NamedPath>,
) {
    found.push(NamedPath { offset, segments, imported: true });
    if matches!(tokens.get(*at), Some((_, Token::Word("as")))) {
        *at += 2;
    }
}

fn tokenize(code: &str) -> Vec<(usize, Token<'_>)> {
    let mut tokens = Vec::new();
    let mut characters = code.char_indices().peekable();
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    while let Some((start, character)) = characters.next() {
        if is_part(character) {
            let mut end = start + character.len_utf8();
            while let Some((offset, next)) = characters.next_if(|(_, c)| is_part(*c)) {
                end = offset + next.len_utf8();
            }
            tokens.push((start, Token::Word(&code[start..end])));
        } else if character == ':' && characters.next_if(|(_, c)| *c == ':').is_some() {
            tokens.push((start, Token::Separator));
        } else if !character.is_whitespace() {
            tokens.push((start, Token::Mark(character)));
        }
    }
    tokens
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(text: &str) -> Vec<String> {
        named_paths(&Source::new("src/sample.rs", text)).iter().map(|path| path.segments.join("::")).collect()
    }

    #[test]
    fn imports_are_spelt_out() {
        assert_eq!(joined("use std::sync::Arc;"), ["std::sync::Arc"]);
        assert_eq!(
            joined("use std::{cell::{self, UnsafeCell as Cell}, thread, time::*};"),
            ["std::cell", "std::cell::UnsafeCell", "std::thread", "std::time::*"],
        );
        assert_eq!(joined("pub(crate) use self::wheel::Wheel;\nuse loom;"), ["self::wheel::Wheel", "loom"]);
        assert_eq!(joined("use {crate::a::B, ::std::c::D,};"), ["crate::a::B", "std::c::D"]);
    }

    #[test]
    fn paths_in_code_are_found_and_single_names_are_not() {
        assert_eq!(joined("let x = std::mem::take(&mut y); z.w();"), ["std::mem::take"]);
        assert_eq!(joined("Vec::<crate::task::Id>::new()"), ["crate::task::Id"]);
    }

    #[test]
    fn restrictions_and_precise_capturing_name_nothing() {
        assert_eq!(joined("pub(in crate::time) fn f<'a>() -> impl Sized + use<'a> {}"), [""; 0]);
    }

    #[test]
    fn comments_and_strings_name_nothing() {
        assert_eq!(joined("// std::sync::Arc\nlet s = \"std::thread\";"), [""; 0]);
    }
}
