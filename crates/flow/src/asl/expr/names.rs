//! What was probably meant by a name that does not exist.

/// The longest name that is compared; longer ones are no typing mistakes.
const LONGEST: usize = 64;

/// The candidate that differs from `name` in the fewest letters, if that is at most a third of them.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let name: Vec<char> = name.chars().take(LONGEST + 1).collect();
    if name.len() > LONGEST {
        return None;
    }
    let distances = candidates.into_iter().map(|candidate| (distance(&name, candidate), candidate));
    let (best, candidate) = distances.min_by_key(|(distance, _)| *distance)?;
    (best <= name.len().max(3) / 3).then_some(candidate)
}

/// How many letters to insert, remove or replace (case changes are free).
fn distance(left: &[char], right: &str) -> usize {
    let mut row: Vec<usize> = (0..=left.len()).collect();
    for (i, r) in right.chars().enumerate() {
        let mut next = vec![i + 1];
        for ((above_left, above), l) in row.iter().zip(row.iter().skip(1)).zip(left) {
            let replaced = above_left + usize::from(!l.eq_ignore_ascii_case(&r));
            let before = next.last().copied().unwrap_or_default();
            next.push(replaced.min(above + 1).min(before + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_typing_mistake_is_recognised() {
        let names = ["StringEquals", "StringMatches", "IsNull"];
        assert_eq!(nearest("StringEqual", names), Some("StringEquals"));
        assert_eq!(nearest("stringmatches", names), Some("StringMatches"));
        assert_eq!(nearest("Frobnicate", names), None);
        assert_eq!(nearest(&"x".repeat(1000), names), None);
        assert_eq!(nearest("x", []), None);
    }
}
