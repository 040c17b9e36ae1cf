//! From the text of a type to the type.

use std::str::FromStr;

use super::GlueType;

/// Levels of nesting: far beyond what a table has, far below what a stack bears.
const MOST_LEVELS: usize = 64;

impl FromStr for GlueType {
    type Err = String;

    /// Reads a type in any case, with or without blanks around its parts.
    fn from_str(text: &str) -> Result<Self, String> {
        let lower = text.to_lowercase();
        let mut parser = Parser { given: text, rest: &lower };
        let read = parser.glue_type(0)?;
        if !parser.rest.trim().is_empty() {
            return Err(parser.refusal());
        }
        Ok(read)
    }
}

struct Parser<'a> {
    given: &'a str,
    rest: &'a str,
}

impl<'a> Parser<'a> {
    fn glue_type(&mut self, level: usize) -> Result<GlueType, String> {
        if level > MOST_LEVELS {
            return Err(format!("has a type of more than {MOST_LEVELS} levels"));
        }
        let name = self.until(&['<', '>', '(', ')', ',', ':']);
        if self.take('<') {
            return self.nested(name, level + 1);
        }
        let arguments = if self.take('(') {
            let inside = self.until(&[')']);
            if !self.take(')') {
                return Err(format!("`{}` lacks a `)`", self.given));
            }
            Some(inside)
        } else {
            None
        };
        self.primitive(name, arguments)
    }

    fn nested(&mut self, name: &str, level: usize) -> Result<GlueType, String> {
        let nested = match name {
            "array" => GlueType::Array(Box::new(self.glue_type(level)?)),
            "map" => {
                let key = self.glue_type(level)?;
                if matches!(key, GlueType::Array(_) | GlueType::Map(..) | GlueType::Struct(_)) {
                    return Err(format!(
                        "has the type `{}`, with a nested type as key",
                        self.given
                    ));
                }
                if !self.take(',') {
                    return Err(self.refusal());
                }
                GlueType::Map(Box::new(key), Box::new(self.glue_type(level)?))
            }
            "struct" => GlueType::Struct(self.fields(level)?),
            _ => return Err(self.refusal()),
        };
        if self.take('>') { Ok(nested) } else { Err(self.refusal()) }
    }

    fn fields(&mut self, level: usize) -> Result<Vec<(String, GlueType)>, String> {
        let mut fields: Vec<(String, GlueType)> = Vec::new();
        loop {
            let name = self.until(&['<', '>', '(', ')', ',', ':']).trim_matches('`').to_owned();
            if name.is_empty() || !self.take(':') {
                return Err(self.refusal());
            }
            if fields.iter().any(|(other, _)| *other == name) {
                let given = self.given;
                return Err(format!("has the type `{given}`, which has `{name}` twice"));
            }
            fields.push((name, self.glue_type(level)?));
            if !self.take(',') {
                return Ok(fields);
            }
        }
    }

    fn primitive(&self, name: &str, arguments: Option<&str>) -> Result<GlueType, String> {
        Ok(match (name, arguments) {
            ("boolean", None) => GlueType::Boolean,
            ("tinyint", None) => GlueType::TinyInt,
            ("smallint", None) => GlueType::SmallInt,
            ("int" | "integer", None) => GlueType::Int,
            ("bigint", None) => GlueType::BigInt,
            ("float", None) => GlueType::Float,
            ("double", None) => GlueType::Double,
            ("string", None) => GlueType::String,
            ("binary", None) => GlueType::Binary,
            ("date", None) => GlueType::Date,
            ("timestamp", None) => GlueType::Timestamp,
            ("char", Some(n)) => GlueType::Char(length(self.given, n, 255)?),
            ("varchar", Some(n)) => GlueType::VarChar(length(self.given, n, u16::MAX)?),
            ("decimal", arguments) => decimal(self.given, arguments)?,
            _ => return Err(self.refusal()),
        })
    }

    /// What comes before the first of these, without the blanks around it.
    fn until(&mut self, ends: &[char]) -> &'a str {
        let (before, rest) = self.rest.split_at(self.rest.find(ends).unwrap_or(self.rest.len()));
        self.rest = rest;
        before.trim()
    }

    fn take(&mut self, wanted: char) -> bool {
        let rest = self.rest.trim_start().strip_prefix(wanted);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn refusal(&self) -> String {
        format!(
            "has the type `{}`; known types are boolean, tinyint, smallint, int, bigint, float, \
             double, string, char(n), varchar(n), binary, decimal(p,s), date, timestamp, array<T>, \
             map<K,V> and struct<name:T,...>",
            self.given
        )
    }
}

fn length(text: &str, argument: &str, most: u16) -> Result<u16, String> {
    match argument.trim().parse() {
        Ok(n) if (1..=most).contains(&n) => Ok(n),
        _ => Err(format!("has the type `{text}`, whose length must be 1 to {most}")),
    }
}

fn decimal(text: &str, arguments: Option<&str>) -> Result<GlueType, String> {
    let wrong = || {
        format!("has the type `{text}`; write decimal(p,s) with p from 1 to 38 and s from 0 to p")
    };
    let Some(arguments) = arguments else {
        return Ok(GlueType::Decimal { precision: 10, scale: 0 });
    };
    let (precision, scale) = match arguments.split_once(',') {
        None => (arguments.trim().parse(), Ok(0)),
        Some((precision, scale)) => (precision.trim().parse(), scale.trim().parse()),
    };
    match (precision, scale) {
        (Ok(precision @ 1..=38), Ok(scale)) if scale <= precision => {
            Ok(GlueType::Decimal { precision, scale })
        }
        _ => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn section_5_5_types_are_read_as_the_catalogue_spells_them() {
        let table = [
            ("string", Some("string")),
            (" INT ", Some("int")),
            ("integer", Some("int")),
            ("decimal", Some("decimal(10,0)")),
            ("decimal(5)", Some("decimal(5,0)")),
            ("Decimal( 38 , 38 )", Some("decimal(38,38)")),
            ("decimal(39,0)", None),
            ("decimal(4,5)", None),
            ("decimal(4,5", None),
            ("varchar(20)", Some("varchar(20)")),
            ("varchar(0)", None),
            ("varchar", None),
            ("char(255)", Some("char(255)")),
            ("char(256)", None),
            ("string(3)", None),
            ("array<int>", Some("array<int>")),
            ("ARRAY< array<Decimal(3, 1)> >", Some("array<array<decimal(3,1)>>")),
            ("map<string,int>", Some("map<string,int>")),
            (
                "map<int,array<struct<A:int,b:map<date,string>>>>",
                Some("map<int,array<struct<a:int,b:map<date,string>>>>"),
            ),
            ("struct<a : int, `b c`:string>", Some("struct<a:int,b c:string>")),
            ("array<int", None),
            ("array<int>>", None),
            ("array", None),
            ("array<>", None),
            ("array<int,int>", None),
            ("map<string>", None),
            ("map<array<int>,int>", None),
            ("struct<>", None),
            ("struct<a>", None),
            ("struct<a:int,A:int>", None),
            ("struct<:int>", None),
            ("uniontype<int,string>", None),
            ("set<string>", None),
            ("void", None),
            ("", None),
        ];
        for (text, expected) in table {
            let read = text.parse::<GlueType>().ok().map(|read| read.to_string());
            assert_eq!(read.as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn section_5_5_what_cannot_be_is_refused_by_name() {
        for text in ["uniontype<int,string>", "void", "set<string>", "array<void>"] {
            let refusal = text.parse::<GlueType>().unwrap_err();
            assert!(refusal.contains(text) && refusal.contains("known types"), "{refusal}");
        }
        let deep = format!("{}int{}", "array<".repeat(65), ">".repeat(65));
        assert!(deep.parse::<GlueType>().unwrap_err().contains("64 levels"));
        let keys = "map<array<int>,int>".parse::<GlueType>().unwrap_err();
        assert!(keys.contains("nested type as key"), "{keys}");
    }
}
