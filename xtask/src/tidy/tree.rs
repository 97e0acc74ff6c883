//! The files of the workspace, read once and handed to every rule.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::Source;

/// Folders that hold nothing of ours.
const SKIPPED: &[&str] = &[".git", "target"];

/// Kinds of file whose text a rule reads.
const READ: &[&str] = &["rs", "md", "txt"];

/// Every file's path relative to the root, with `/` between its parts; Rust files lexed, other text as it is.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    files: BTreeMap<String, String>,
    sources: Vec<Source>,
}

impl Tree {
    /// Reads the workspace at `root`.
    pub(crate) fn read(root: &Path) -> Result<Self, String> {
        let mut files = BTreeMap::new();
        read_folder(root, "", &mut files)?;
        Ok(Self::new(files))
    }

    /// A tree made of samples.
    #[cfg(test)]
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        Self::new(files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect())
    }

    fn new(files: BTreeMap<String, String>) -> Self {
        let sources = files
            .iter()
            .filter(|(path, _)| path.ends_with(".rs"))
            .map(|(path, text)| Source::new(path, text))
            .collect();
        Self { files, sources }
    }

    pub(crate) fn len(&self) -> usize {
        self.files.len()
    }

    /// The text of a file, if it is there.
    pub(crate) fn text(&self, path: &str) -> Option<&str> {
        self.files.get(path).map(String::as_str)
    }

    /// Whether `path` is a file or a folder of the tree.
    pub(crate) fn exists(&self, path: &str) -> bool {
        let folder = format!("{}/", path.trim_end_matches('/'));
        path.is_empty()
            || self.files.contains_key(path)
            || self.files.range(folder.clone()..).next().is_some_and(|(file, _)| file.starts_with(&folder))
    }

    /// The paths of all files.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }

    /// The Rust files in the folder `folder`; all of them for "".
    pub(crate) fn sources(&self, folder: &str) -> impl Iterator<Item = &Source> {
        self.sources.iter().filter(move |source| source.path().starts_with(folder))
    }

    /// The Markdown files, as path and text.
    pub(crate) fn markdown(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files.iter().filter(|(path, _)| path.ends_with(".md")).map(|(path, text)| (path.as_str(), text.as_str()))
    }
}

fn read_folder(folder: &Path, prefix: &str, files: &mut BTreeMap<String, String>) -> Result<(), String> {
    let describe = |error: std::io::Error| format!("{} could not be read: {error}", folder.display());
    for entry in fs::read_dir(folder).map_err(describe)? {
        let entry = entry.map_err(describe)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if SKIPPED.contains(&name.as_str()) {
            continue;
        }
        let path = format!("{prefix}{name}");
        if entry.file_type().map_err(describe)?.is_dir() {
            read_folder(&entry.path(), &format!("{path}/"), files)?;
            continue;
        }
        let is_read = Path::new(&name).extension().is_some_and(|kind| READ.iter().any(|read| kind == *read));
        let text = if is_read { fs::read_to_string(entry.path()).map_err(describe)? } else { String::new() };
        files.insert(path, text);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_exist_through_their_files() {
        let tree = Tree::of(&[("src/time/wheel.rs", ""), ("src/timer", "")]);
        assert!(tree.exists("src/time"));
        assert!(tree.exists("src/time/"));
        assert!(tree.exists("src/time/wheel.rs"));
        assert!(!tree.exists("src/tim"));
        assert!(!tree.exists("src/time/driver.rs"));
    }

    #[test]
    fn the_workspace_itself_is_read() {
        let tree = Tree::read(&crate::workspace_root()).unwrap();
        assert!(tree.text("Cargo.toml").is_some());
        assert!(tree.text("xtask/src/main.rs").unwrap().contains("fn main"));
        assert!(tree.paths().all(|path| !path.starts_with("target/") && !path.starts_with(".git/")));
    }
}
