//! Names that somebody may have meant.

use partita_kernel::Name;
use std::collections::BTreeSet;

/// The known names nearest to `name`, best first, at most three.
pub(crate) fn nearest(name: &str, known: &BTreeSet<Name>) -> Vec<String> {
    let wanted = name.to_lowercase();
    let mut scored: Vec<(usize, &str)> =
        known.iter().map(|known| (distance(&wanted, &known.to_lowercase()), &**known)).collect();
    scored.sort_unstable();
    scored.into_iter().take(3).map(|(_, known)| known.to_owned()).collect()
}

/// The sentence that follows "no workflow is called X".
pub(crate) fn advice(known: &[String]) -> String {
    match known {
        [] => "; none is registered in this process".to_owned(),
        names => format!("; the nearest known names are {}", names.join(", ")),
    }
}

/// Levenshtein's distance, counted over characters.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (line, from) in a.chars().enumerate() {
        let mut diagonal = line;
        let mut left = line + 1;
        if let Some(first) = row.first_mut() {
            *first = left;
        }
        for (cell, to) in row.iter_mut().skip(1).zip(&b) {
            let above = *cell;
            left = (diagonal + usize::from(from != *to)).min(above + 1).min(left + 1);
            diagonal = above;
            *cell = left;
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_names_come_first() {
        let known = ["Payment", "NewOrder", "RenewOrder", "Cleanup"].map(Name::from).into();
        assert_eq!(nearest("neworders", &known), ["NewOrder", "RenewOrder", "Payment"]);
    }

    #[test]
    fn distances() {
        for (a, b, expected) in [("", "", 0), ("", "ab", 2), ("kitten", "sitting", 3), ("abc", "abc", 0)] {
            assert_eq!(distance(a, b), expected, "{a} {b}");
        }
    }
}
