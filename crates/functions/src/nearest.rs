//! Names that somebody may have meant.

/// Names that differ in more characters than this are not meant.
const FAR: usize = 4;

/// The known names nearest to `name`, best first, at most three.
pub(crate) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Vec<String> {
    let wanted: Vec<char> = name.to_lowercase().chars().collect();
    let scored = known.map(|known| (distance(&wanted, &known.to_lowercase()), known));
    let mut near: Vec<(usize, &str)> = scored.filter(|(distance, _)| *distance <= FAR).collect();
    near.sort_unstable();
    near.into_iter().take(3).map(|(_, known)| known.to_owned()).collect()
}

/// What follows "no function is called X".
pub(crate) fn advice(near: &[String]) -> String {
    match near {
        [] => "; deploy it first".to_owned(),
        names => format!("; the nearest names are {}", names.join(", ")),
    }
}

/// How many characters must be put in, left out or replaced to come from one text to the other.
fn distance(from: &[char], to: &str) -> usize {
    let mut costs: Vec<usize> = (0..=from.len()).collect();
    for (row, wanted) in to.chars().enumerate() {
        let mut diagonal = row;
        let mut before = row + 1;
        for (index, cost) in costs.iter_mut().enumerate() {
            let above = *cost;
            *cost = match index.checked_sub(1).and_then(|index| from.get(index)) {
                None => row + 1,
                Some(there) => (diagonal + usize::from(*there != wanted)).min(above + 1).min(before + 1),
            };
            diagonal = above;
            before = *cost;
        }
    }
    costs.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_names_come_first() {
        let known = ["charge-card", "charge-cards", "refund", "discharge"];
        assert_eq!(nearest("Charge-Crad", known.into_iter()), ["charge-card", "charge-cards"]);
        assert_eq!(nearest("x", known.into_iter()), Vec::<String>::new());
    }

    #[test]
    fn distances() {
        for (a, b, expected) in [("", "", 0), ("", "ab", 2), ("kitten", "sitting", 3), ("abc", "abc", 0)] {
            let from: Vec<char> = a.chars().collect();
            assert_eq!(distance(&from, b), expected, "{a} {b}");
        }
    }
}
