//! The links of a page.

use std::collections::HashMap;

use html5gum::emitters::default::{DefaultEmitter, StartTag};
use html5gum::{Token, Tokenizer};
use url::Url;

/// What a link leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// What a reader goes to: a page that may have links of its own.
    Page,
    /// What a page loads: an image, a style sheet, a script.
    Asset,
}

/// The links of a page.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Links {
    /// Each address once, without its fragment, in the order of the page.
    pub found: Vec<(Url, Kind)>,
    /// Links that cannot be resolved, as they are written.
    pub malformed: Vec<String>,
    /// How many are of other schemes than http and https.
    pub others: usize,
}

/// The links of `html`, which came from `page`. A `<base>` counts from where it stands.
pub fn links(html: &[u8], page: &Url) -> Links {
    let mut base = page.clone();
    let mut links = Links::default();
    let mut places = HashMap::new();
    let mut emitter = DefaultEmitter::default();
    // So that what a script or a comment holds is no tag.
    emitter.naively_switch_states(true);
    for Ok(token) in Tokenizer::new_with_emitter(html, emitter) {
        let Token::StartTag(tag) = token else { continue };
        let Some((attribute, kind)) = attribute(&tag) else { continue };
        let Some(value) = tag.attributes.get(attribute.as_bytes()) else { continue };
        let text = String::from_utf8_lossy(&value.value);
        let text = text.trim();
        let Ok(mut url) = base.join(text) else {
            links.malformed.push(text.to_owned());
            continue;
        };
        if *tag.name == b"base" {
            base = url;
        } else if !matches!(url.scheme(), "http" | "https") {
            links.others += 1;
        } else {
            url.set_fragment(None);
            let place = *places.entry(url.clone()).or_insert_with(|| {
                links.found.push((url, kind));
                links.found.len() - 1
            });
            if kind == Kind::Page {
                links.found[place].1 = Kind::Page;
            }
        }
    }
    links
}

/// Which attribute of a tag is a link.
fn attribute(tag: &StartTag<()>) -> Option<(&'static str, Kind)> {
    Some(match tag.name.as_slice() {
        b"a" | b"area" | b"base" => ("href", Kind::Page),
        b"iframe" | b"frame" => ("src", Kind::Page),
        b"link" if !is_hint(tag) => ("href", Kind::Asset),
        b"audio" | b"embed" | b"img" | b"script" | b"source" | b"track" | b"video" => ("src", Kind::Asset),
        _ => return None,
    })
}

/// A `<link>` that names a host to be ready for, and nothing that is there.
fn is_hint(tag: &StartTag<()>) -> bool {
    let Some(rel) = tag.attributes.get(b"rel".as_slice()) else { return false };
    rel.value.eq_ignore_ascii_case(b"preconnect") || rel.value.eq_ignore_ascii_case(b"dns-prefetch")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(html: &str) -> Vec<(String, Kind)> {
        let page = Url::parse("http://site.test/docs/page").unwrap();
        links(html.as_bytes(), &page).found.into_iter().map(|(url, kind)| (url.into(), kind)).collect()
    }

    #[test]
    fn what_a_page_refers_to_is_resolved() {
        let html = r##"<a href="next">1</a> <A HREF=/top>2</A> <img src='//cdn.test/i.png'> <a href=" ?q=1&amp;r=2#part ">
            <link rel=stylesheet href=/s.css><link rel=preconnect href=//cdn.test>"##;
        let expected = [
            ("http://site.test/docs/next", Kind::Page),
            ("http://site.test/top", Kind::Page),
            ("http://cdn.test/i.png", Kind::Asset),
            ("http://site.test/docs/page?q=1&r=2", Kind::Page),
            ("http://site.test/s.css", Kind::Asset),
        ];
        assert_eq!(of(html), expected.map(|(url, kind)| (url.to_owned(), kind)));
    }

    #[test]
    fn each_address_counts_once_and_as_a_page_if_it_is_one() {
        let html = "<img src=/a><a href=/a#one></a><a href=/a#two></a>";
        assert_eq!(of(html), [("http://site.test/a".to_owned(), Kind::Page)]);
    }

    #[test]
    fn a_base_moves_what_comes_after_it() {
        let html = "<a href=x></a><base href='http://other.test/dir/'><a href=x></a>";
        let found: Vec<String> = of(html).into_iter().map(|(url, _)| url).collect();
        assert_eq!(found, ["http://site.test/docs/x", "http://other.test/dir/x"]);
    }

    #[test]
    fn scripts_and_comments_have_no_links() {
        assert_eq!(of("<script>'<a href=/x>'</script><!-- <a href=/y> --><title><a href=/z></title>"), []);
    }

    #[test]
    fn what_is_no_address_is_told_apart() {
        let page = Url::parse("http://site.test/").unwrap();
        let links = links(b"<a href='mailto:a@b.test'></a><a href='http://[bad/'></a><a name=x></a>", &page);
        assert_eq!(links, Links { found: vec![], malformed: vec!["http://[bad/".to_owned()], others: 1 });
    }
}
