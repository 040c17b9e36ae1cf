//! One constraint of a shape, in AWS's words.

use std::fmt;

use serde_json::Value;

use super::{
    form::base64_length,
    pattern::Pattern,
    shape::{Kind, Shape},
};

/// A constraint.
#[derive(Debug, Clone, Copy)]
pub(super) enum Rule<'a> {
    Pattern(&'a Pattern),
    Choices(&'a [String]),
    LongestLength(i64),
    ShortestLength(i64),
    GreatestValue(i64, Printed),
    LeastValue(i64, Printed),
}

/// How Java prints a bound.
#[derive(Debug, Clone, Copy)]
pub(super) enum Printed {
    Whole,
    Decimal,
}

impl<'a> Rule<'a> {
    /// The rules of a shape, as they follow each other when they are broken one by one.
    pub(super) fn each(shape: &'a Shape) -> impl Iterator<Item = Self> {
        let words = [
            shape.pattern.as_ref().map(Rule::Pattern),
            shape.choices.as_deref().map(Rule::Choices),
        ];
        words.into_iter().chain(Self::bounds(shape)).flatten()
    }

    /// The same rules as they stand in the brackets of a list's or a map's violation.
    pub(super) fn bracketed(shape: &'a Shape) -> String {
        let (words, bounds): (Vec<_>, Vec<_>) =
            Self::each(shape).partition(|rule| matches!(rule, Rule::Pattern(_) | Rule::Choices(_)));
        let rules = bounds.into_iter().chain(words).map(|rule| rule.to_string());
        let rules: Vec<_> = rules.chain([NOT_NULL.to_owned()]).collect();
        rules.join(", ")
    }

    fn bounds(shape: &Shape) -> [Option<Self>; 2] {
        let printed = match shape.kind {
            Kind::Double => Printed::Decimal,
            _ => Printed::Whole,
        };
        match shape.kind {
            Kind::Integer | Kind::Long | Kind::Double => [
                shape.max.map(|bound| Rule::GreatestValue(bound, printed)),
                shape.min.map(|bound| Rule::LeastValue(bound, printed)),
            ],
            _ => [shape.max.map(Rule::LongestLength), shape.min.map(Rule::ShortestLength)],
        }
    }

    /// Whether a value, of the right form, keeps to the rule.
    pub(super) fn holds(self, kind: &Kind, value: &Value) -> bool {
        match (self, value) {
            (Rule::Pattern(pattern), Value::String(text)) => pattern.matches(text),
            (Rule::Choices(choices), Value::String(text)) => choices.contains(text),
            (Rule::LongestLength(bound), value) => length(kind, value).is_none_or(|n| n <= bound),
            (Rule::ShortestLength(bound), value) => length(kind, value).is_none_or(|n| n >= bound),
            (Rule::GreatestValue(bound, _), Value::Number(number)) => match number.as_i64() {
                Some(whole) => whole <= bound,
                None => number.as_f64().is_some_and(|number| number <= float(bound)),
            },
            (Rule::LeastValue(bound, _), Value::Number(number)) => match number.as_i64() {
                Some(whole) => whole >= bound,
                None => number.as_f64().is_some_and(|number| number >= float(bound)),
            },
            _ => true,
        }
    }
}

/// What a missing member breaks.
pub(super) const NOT_NULL: &str = "Member must not be null";

impl fmt::Display for Rule<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Rule::Pattern(pattern) => {
                write!(f, "Member must satisfy regular expression pattern: {}", pattern.text())
            }
            Rule::Choices(choices) => {
                write!(f, "Member must satisfy enum value set: [{}]", choices.join(", "))
            }
            Rule::LongestLength(bound) => {
                write!(f, "Member must have length less than or equal to {bound}")
            }
            Rule::ShortestLength(bound) => {
                write!(f, "Member must have length greater than or equal to {bound}")
            }
            Rule::GreatestValue(bound, printed) => {
                write!(f, "Member must have value less than or equal to {bound}{printed}")
            }
            Rule::LeastValue(bound, printed) => {
                write!(f, "Member must have value greater than or equal to {bound}{printed}")
            }
        }
    }
}

impl fmt::Display for Printed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Printed::Whole => Ok(()),
            Printed::Decimal => f.write_str(".0"),
        }
    }
}

/// Characters of a string, bytes of a blob, entries of a list or a map.
fn length(kind: &Kind, value: &Value) -> Option<i64> {
    let length = match (kind, value) {
        (Kind::Blob, Value::String(text)) => base64_length(text)?,
        (_, Value::String(text)) => text.chars().count(),
        (_, Value::Array(items)) => items.len(),
        (_, Value::Object(entries)) => entries.len(),
        _ => return None,
    };
    i64::try_from(length).ok()
}

/// Bounds of decimals are 0 and 1 in our models.
fn float(bound: i64) -> f64 {
    i32::try_from(bound).map_or(f64::MAX.copysign(if bound < 0 { -1.0 } else { 1.0 }), f64::from)
}
