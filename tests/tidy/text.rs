//! What holds for every text file, whatever its language.

use crate::Finding;

/// Paths that exist on one machine only. In two parts, or this file would name them itself.
const MACHINES: [(&str, &str); 4] = [("/ho", "me/"), ("/Us", "ers/"), ("/ro", "ot/"), ("/wo", "rk/")];

pub fn check(texts: &[(String, String)]) -> Vec<Finding> {
    texts.iter().flat_map(|(path, text)| names_a_machine(path, text)).collect()
}

fn names_a_machine(path: &str, text: &str) -> Vec<Finding> {
    let advice =
        "this path exists on one machine only: name it from the root of the project, or by a setting";
    text.lines()
        .enumerate()
        .filter(|(_, line)| MACHINES.iter().any(|(start, end)| has_path(line, &format!("{start}{end}"))))
        .map(|(index, _)| Finding::new(path, index + 1, advice))
        .collect()
}

/// Whether an absolute path begins with `start`; in the middle of a URL or of a longer path it is none.
fn has_path(line: &str, start: &str) -> bool {
    let part_of_path = |letter: char| letter.is_alphanumeric() || "._-~/}".contains(letter);
    line.match_indices(start).any(|(at, _)| !line[..at].ends_with(part_of_path))
}

#[cfg(test)]
mod tests {
    use super::{MACHINES, names_a_machine};

    #[test]
    fn an_absolute_path_is_found_and_a_relative_one_is_not() {
        for (start, end) in MACHINES {
            let text = format!("fine\ndata = \"{start}{end}mira/x\"\n");
            assert_eq!(names_a_machine("a.toml", &text)[0].line, 2);
            let text = format!("https://example.org{start}{end}x and data{start}{end}x\n");
            assert!(names_a_machine("a.toml", &text).is_empty());
        }
    }
}
