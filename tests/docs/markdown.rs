//! As much of Markdown as the pages here use: fenced blocks, links, headings.

/// A fenced block.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Block {
    /// The word behind the fence.
    pub(crate) language: String,
    /// What stands in it, with a newline at its end.
    pub(crate) text: String,
    /// The comment on the line above it.
    pub(crate) note: String,
}

/// All fenced blocks of a page.
pub(crate) fn blocks(page: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let (mut inside, mut before) = (false, "");
    for line in page.lines() {
        if let Some(language) = line.strip_prefix("```") {
            inside = !inside;
            if inside {
                let note = before.strip_prefix("<!-- ").and_then(|note| note.strip_suffix(" -->"));
                let note = note.unwrap_or_default().to_owned();
                blocks.push(Block { language: language.to_owned(), text: String::new(), note });
            }
        } else if let (true, Some(block)) = (inside, blocks.last_mut()) {
            block.text.push_str(line);
            block.text.push('\n');
        }
        before = line;
    }
    assert!(!inside, "a block that does not end");
    blocks
}

/// What is not code.
fn prose(page: &str) -> String {
    let mut inside = false;
    let lines = page.lines().filter(|line| {
        let fence = line.starts_with("```");
        inside ^= fence;
        !inside && !fence
    });
    // Code within a line stands between backquotes.
    let text: Vec<_> =
        lines.map(|line| line.split('`').step_by(2).collect::<Vec<_>>().join("`")).collect();
    text.join("\n")
}

/// Where the links of a page lead.
pub(crate) fn links(page: &str) -> Vec<String> {
    let prose = prose(page);
    let parts = prose.split("](").skip(1);
    parts.filter_map(|part| Some(part.split_once(')')?.0.to_owned())).collect()
}

/// The names that headings have in links.
pub(crate) fn anchors(page: &str) -> Vec<String> {
    let mut inside = false;
    let mut anchors = Vec::new();
    for line in page.lines() {
        inside ^= line.starts_with("```");
        let Some(heading) = line.strip_prefix('#').filter(|_| !inside) else { continue };
        let heading = heading.trim_start_matches('#').trim().to_lowercase();
        let kept = heading.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
        anchors.push(kept.map(|c| if c == ' ' { '-' } else { c }).collect());
    }
    anchors
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_taken_apart() {
        let page = "# On AWS\n\n<!-- fails -->\n```sh\nls [a](b)\n```\nsee [x](y.md#z), `[n](o)`\n## 6. Delete it\n";
        let expected =
            Block { language: "sh".into(), text: "ls [a](b)\n".into(), note: "fails".into() };
        assert_eq!(blocks(page), [expected]);
        assert_eq!(links(page), ["y.md#z"]);
        assert_eq!(anchors(page), ["on-aws", "6-delete-it"]);
    }
}
