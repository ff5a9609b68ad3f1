//! The list of what does not pass.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// Every case that differs must be listed in that file, and every listed case must differ.
pub(crate) fn compare_with_list(path: &str, differences: &BTreeMap<String, Vec<String>>) {
    if std::env::var_os("UPDATE").is_some() {
        let mut text = String::new();
        for (name, differences) in differences {
            let first: String = differences[0].chars().take(300).collect();
            writeln!(text, "{name}\n    {}", first.replace('\n', " ")).unwrap();
        }
        std::fs::write(path, text).unwrap();
        return;
    }
    let listed = std::fs::read_to_string(path).unwrap();
    let listed: BTreeSet<&str> =
        listed.lines().filter(|line| !line.starts_with(' ') && !line.is_empty()).collect();
    let failing: BTreeSet<&str> = differences.keys().map(String::as_str).collect();
    let unlisted: Vec<_> = failing.difference(&listed).map(|name| (name, &differences[*name])).collect();
    let passing: Vec<_> = listed.difference(&failing).collect();
    assert!(unlisted.is_empty(), "not passed, and not listed: {unlisted:#?}");
    assert!(passing.is_empty(), "passed, and still listed: {passing:#?}");
}
