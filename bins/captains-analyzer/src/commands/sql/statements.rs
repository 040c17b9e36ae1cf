//! Cuts a text into statements: at semicolons that stand neither in quotes nor in a comment.

/// The statements, without the semicolons and without those that are empty; and what stands behind
/// the last semicolon.
pub(super) fn split(text: &str) -> (Vec<String>, String) {
    let (mut statements, mut current) = (Vec::new(), String::new());
    let mut letters = text.chars().peekable();
    let mut quote = None;
    while let Some(letter) = letters.next() {
        match (quote, letter) {
            (None, '\'' | '"') => quote = Some(letter),
            (Some(open), letter) if open == letter => quote = None,
            (None, '-') if letters.peek() == Some(&'-') => {
                while letters.next_if(|letter| *letter != '\n').is_some() {}
                continue;
            }
            (None, '/') if letters.peek() == Some(&'*') => {
                skip_comment(&mut letters);
                continue;
            }
            (None, ';') => {
                statements.push(std::mem::take(&mut current));
                continue;
            }
            _ => {}
        }
        current.push(letter);
    }
    let statements = statements.into_iter().map(|statement| statement.trim().to_owned());
    let statements = statements.filter(|statement| !statement.is_empty()).collect();
    (statements, current.trim().to_owned())
}

/// Behind the end of a comment between `/*` and `*/`; one that does not end goes on to the end.
fn skip_comment(letters: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    letters.next();
    let mut last = ' ';
    for letter in letters.by_ref() {
        if last == '*' && letter == '/' {
            return;
        }
        last = letter;
    }
}

/// All statements, the last of which needs no semicolon.
pub(super) fn all(text: &str) -> Vec<String> {
    let (mut statements, rest) = split(text);
    statements.extend((!rest.is_empty()).then_some(rest));
    statements
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn semicolons_in_quotes_and_comments_end_nothing() {
        for (text, expected) in [
            ("", &[][..]),
            (" ; ;", &[]),
            ("SELECT 1", &["SELECT 1"]),
            (
                "SELECT 1; SELECT ';';\nSELECT \"a;b\" ",
                &["SELECT 1", "SELECT ';'", "SELECT \"a;b\""],
            ),
            ("SELECT 'it''s; so' -- not; here\n, 2;", &["SELECT 'it''s; so' \n, 2"]),
            ("SELECT 1 - -1;", &["SELECT 1 - -1"]),
            ("SELECT 4 /* a; b ** / */ / 2; /* ; */ SELECT 3", &["SELECT 4  / 2", "SELECT 3"]),
            ("SELECT 1; /* without end; ", &["SELECT 1"]),
        ] {
            assert_eq!(all(text), expected, "{text}");
        }
        assert_eq!(split("SELECT 1; SELECT").1, "SELECT");
    }
}
