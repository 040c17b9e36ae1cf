//! From the text of a pattern to its pieces. Pure; follows `DateTimeFormatterBuilder.appendPattern`.

use std::{iter::Peekable, str::Chars};

use super::print::{Field, Offset, Piece, Sign, Style};

/// The most letters in a row, but for `Y`, which Java does not count.
const MOST_LETTERS: usize = 19;

pub(super) fn pieces(pattern: &str) -> Result<Vec<Piece>, String> {
    let mut chars = pattern.chars().peekable();
    let mut pieces = Vec::new();
    let mut optional = 0usize;
    while let Some(next) = chars.next() {
        match next {
            'p' => {
                let width = run(&mut chars, 'p');
                pieces.push(padded(&mut chars, width)?);
            }
            letter if letter.is_ascii_alphabetic() => {
                let count = run(&mut chars, letter);
                pieces.push(field(letter, count)?);
            }
            '\'' => pieces.push(Piece::Literal(quoted(&mut chars)?)),
            // What is optional is there: a time has every field.
            '[' => optional += 1,
            ']' => {
                optional = optional.checked_sub(1).ok_or("has a `]` without a `[` before it")?;
            }
            '{' | '}' | '#' => return Err(format!("has the reserved character `{next}`")),
            literal => pieces.push(Piece::Literal(literal.to_string())),
        }
    }
    Ok(pieces)
}

/// How many of the letter there are in a row, the one that was taken included.
fn run(chars: &mut Peekable<Chars<'_>>, letter: char) -> usize {
    1 + std::iter::from_fn(|| chars.next_if_eq(&letter)).count()
}

fn padded(chars: &mut Peekable<Chars<'_>>, width: usize) -> Result<Piece, String> {
    let letter = chars.next().filter(char::is_ascii_alphabetic);
    let letter = letter.ok_or("has the pad letter `p` without a field behind it")?;
    let count = run(chars, letter);
    Ok(Piece::Padded(width, Box::new(field(letter, count)?)))
}

/// The inside of quotes; two quotes are one, also when nothing else is inside.
fn quoted(chars: &mut Peekable<Chars<'_>>) -> Result<String, String> {
    let mut text = String::new();
    loop {
        match chars.next() {
            Some('\'') if chars.next_if_eq(&'\'').is_some() => text.push('\''),
            Some('\'') if text.is_empty() => return Ok("'".to_owned()),
            Some('\'') => return Ok(text),
            Some(other) => text.push(other),
            None => return Err("has a quote that does not end".to_owned()),
        }
    }
}

fn field(letter: char, count: usize) -> Result<Piece, String> {
    let many = || format!("has too many letters `{letter}`");
    let unknown = || format!("has the letter `{letter}`, which stands for nothing known");
    if count > MOST_LETTERS && letter != 'Y' {
        return Err(many());
    }
    let wide = |field, sign| Piece::Number { field, least: count, sign };
    Ok(match letter {
        'G' => Piece::Text(Field::Era, style(count).ok_or_else(many)?),
        'u' => year(Field::Year, count),
        'y' => year(Field::YearOfEra, count),
        'Y' => year(Field::WeekYear, count),
        'M' | 'L' => month_like(Field::Month, count).ok_or_else(many)?,
        'Q' | 'q' => month_like(Field::Quarter, count).ok_or_else(many)?,
        'E' => Piece::Text(Field::Weekday, style(count).ok_or_else(many)?),
        'e' => month_like(Field::Weekday, count).ok_or_else(many)?,
        'c' if count == 2 => return Err("has `cc`, which Java does not take".to_owned()),
        'c' => month_like(Field::Weekday, count).ok_or_else(many)?,
        'a' if count == 1 => Piece::Text(Field::HalfDay, Style::Short),
        'W' | 'F' if count == 1 => {
            plain(if letter == 'W' { Field::WeekOfMonth } else { Field::AlignedDay })
        }
        'w' => two(Field::Week, count).ok_or_else(many)?,
        'd' => two(Field::Day, count).ok_or_else(many)?,
        'H' => two(Field::Hour, count).ok_or_else(many)?,
        'h' => two(Field::Hour12, count).ok_or_else(many)?,
        'K' => two(Field::Hour11, count).ok_or_else(many)?,
        'k' => two(Field::Hour24, count).ok_or_else(many)?,
        'm' => two(Field::Minute, count).ok_or_else(many)?,
        's' => two(Field::Second, count).ok_or_else(many)?,
        'D' if count == 1 => plain(Field::DayOfYear),
        'D' if count <= 3 => wide(Field::DayOfYear, Sign::Never),
        'S' if count <= 9 => Piece::Fraction(count),
        'A' => wide(Field::MilliOfDay, Sign::Never),
        'n' => wide(Field::Nano, Sign::Never),
        'N' => wide(Field::NanoOfDay, Sign::Never),
        'V' if count == 2 => Piece::ZoneId,
        'V' => return Err("must have two letters `V`, or none".to_owned()),
        'z' if count <= 3 => Piece::ZoneName,
        'z' if count == 4 => {
            return Err(
                "has `zzzz`, the zone's full name, which is not known here; use `z` or `VV`"
                    .to_owned(),
            );
        }
        'O' if count == 1 => Piece::Offset(Offset::Localized { full: false }),
        'O' if count == 4 => Piece::Offset(Offset::Localized { full: true }),
        'O' => return Err("must have one letter `O`, or four".to_owned()),
        'X' if count <= 5 => Piece::Offset(Offset::Iso { form: count, zero: "Z" }),
        'x' if count <= 5 => Piece::Offset(Offset::Iso { form: count, zero: iso_zero(count) }),
        'Z' if count <= 3 => Piece::Offset(Offset::Iso { form: 2, zero: "+0000" }),
        'Z' if count == 4 => Piece::Offset(Offset::Localized { full: true }),
        'Z' if count == 5 => Piece::Offset(Offset::Iso { form: 5, zero: "Z" }),
        'a' | 'W' | 'F' | 'D' | 'S' | 'z' | 'X' | 'x' | 'Z' => return Err(many()),
        _ => return Err(unknown()),
    })
}

fn iso_zero(form: usize) -> &'static str {
    match form {
        1 => "+00",
        2 | 4 => "+0000",
        _ => "+00:00",
    }
}

fn plain(field: Field) -> Piece {
    Piece::Number { field, least: 1, sign: Sign::Negative }
}

fn two(field: Field, count: usize) -> Option<Piece> {
    match count {
        1 => Some(plain(field)),
        2 => Some(Piece::Number { field, least: 2, sign: Sign::Never }),
        _ => None,
    }
}

fn year(field: Field, count: usize) -> Piece {
    match count {
        2 => Piece::TwoDigits(field),
        1 | 3 => Piece::Number { field, least: count, sign: Sign::Negative },
        _ => Piece::Number { field, least: count, sign: Sign::Exceeding },
    }
}

/// A number for one letter or two, a text for more.
fn month_like(field: Field, count: usize) -> Option<Piece> {
    if count <= 2 { two(field, count) } else { style(count).map(|style| Piece::Text(field, style)) }
}

fn style(count: usize) -> Option<Style> {
    match count {
        1..=3 => Some(Style::Short),
        4 => Some(Style::Full),
        5 => Some(Style::Narrow),
        _ => None,
    }
}
