//! What the compiler said, told by places in the corpus.

use std::collections::BTreeSet;

use serde_json::Value;

/// The diagnostics of the target `target` among cargo's messages, without those at a place whose `origin` in the corpus is none.
pub(crate) fn diagnostics_of(
    messages: &str,
    target: &str,
    corpus: &str,
    origin: impl Fn(usize) -> Option<usize>,
) -> BTreeSet<String> {
    let messages = messages.lines().map(|line| serde_json::from_str::<Value>(line).expect("messages are JSON"));
    let of_target = messages.filter(|message| {
        let is_of_a_lint = !message["message"]["code"].is_null();
        message["reason"] == "compiler-message" && message["target"]["name"] == target && is_of_a_lint
    });
    of_target.filter_map(|message| shown(&message["message"], target, corpus, &origin)).collect()
}

/// A diagnostic as text, unless one of its places has no origin.
fn shown(diagnostic: &Value, target: &str, corpus: &str, origin: &impl Fn(usize) -> Option<usize>) -> Option<String> {
    let lint = text(&diagnostic["code"]["code"]);
    let children = diagnostic["children"].as_array().into_iter().flatten();
    // Of what stands nowhere, the compiler says some only the first time.
    let children = children.filter(|child| child["spans"].as_array().is_some_and(|spans| !spans.is_empty()));
    let mut lines = vec![format!("lint {lint}")];
    for part in [diagnostic].into_iter().chain(children) {
        let message = text(&part["message"]);
        // By hand there are the lines of the call besides.
        let message = if lint == "clippy::too_many_lines" { message.split('(').next()? } else { message };
        lines.push(format!("  {}: {message}", text(&part["level"])));
        for span in part["spans"].as_array().into_iter().flatten() {
            let (label, instead) = (text(&span["label"]), text(&span["suggested_replacement"]));
            let (start, end) = place(span, target, origin)?;
            let line = corpus[..start].matches('\n').count() + 1;
            lines.push(format!("    {line}: `{}` {label} {instead}", &corpus[start..end]));
        }
    }
    Some(lines.join("\n"))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// Where in the corpus a place is, or the use of the macro that it is in.
fn place(span: &Value, target: &str, origin: &impl Fn(usize) -> Option<usize>) -> Option<(usize, usize)> {
    if text(&span["file_name"]) != format!("tests/{target}.rs") {
        return place(span.get("expansion")?.get("span")?, target, origin);
    }
    let byte = |name: &str| span[name].as_u64().and_then(|byte| usize::try_from(byte).ok());
    let (start, end) = (byte("byte_start")?, byte("byte_end")?);
    let first = origin(start)?;
    Some((first, if end == start { first } else { origin(end - 1)? + 1 }))
}
