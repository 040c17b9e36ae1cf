//! What members may hold: presence, length, range, pattern, enumeration.

use serde_json::{Map, Value};

use super::{
    Document, Echo,
    path::Path,
    rule::{NOT_NULL, Rule},
    shape::{Kind, Member, Shape},
    violations::{Violations, quoted},
};

/// The constraints of one model.
#[derive(Debug, Clone, Copy)]
pub(super) struct Constraints<'a> {
    pub(super) document: &'a Document,
    pub(super) echo: Echo,
}

/// A value at its place.
#[derive(Debug, Clone, Copy)]
struct Site<'a> {
    shape: &'a Shape,
    value: &'a Value,
    path: Path<'a>,
}

impl Constraints<'_> {
    /// Notes everything in `value` that breaks its shape; its form is right by now.
    pub(super) fn check(self, shape: &str, value: &Value, path: Path<'_>, out: &mut Violations) {
        let Some(shape) = self.document.shape(shape) else { return };
        let site = Site { shape, value, path };
        // What a value breaks itself comes before what its parts break.
        for rule in Rule::each(shape).filter(|rule| !rule.holds(&shape.kind, value)) {
            out.push(|| self.sentence(site, &rule.to_string()));
        }
        match (&shape.kind, value) {
            (Kind::Structure { members }, Value::Object(object)) => {
                self.structure(members, object, path, out);
            }
            (Kind::List { member }, Value::Array(items)) => {
                self.list(site, member, items, out);
            }
            (Kind::Map { key, value: held }, Value::Object(object)) => {
                self.keys(site, key, object, out);
                self.values(site, held, object, out);
            }
            _ => {}
        }
    }

    fn structure(
        self,
        members: &[Member],
        object: &Map<String, Value>,
        path: Path<'_>,
        out: &mut Violations,
    ) {
        for member in members {
            let here = path.member(&member.path);
            match object.get(&member.name) {
                Some(value) if !value.is_null() => self.check(&member.shape, value, here, out),
                _ if member.required => out.push(|| self.absent(here)),
                _ => {}
            }
        }
    }

    /// Structures in a list have paths of their own; for strings and numbers the list speaks.
    fn list(self, site: Site<'_>, member: &str, items: &[Value], out: &mut Violations) {
        let Some(shape) = self.document.shape(member) else { return };
        if shape.is_scalar() {
            if !items.iter().all(|item| holds_all(shape, item)) {
                out.push(|| self.of_parts(site, "Member", shape));
            }
            return;
        }
        for (index, item) in items.iter().enumerate() {
            let here = site.path.item(index);
            match item {
                Value::Null => out.push(|| self.absent(here)),
                item => self.check(member, item, here, out),
            }
        }
    }

    fn keys(self, site: Site<'_>, key: &str, object: &Map<String, Value>, out: &mut Violations) {
        let Some(shape) = self.document.shape(key) else { return };
        if !object.keys().all(|key| holds_all(shape, &Value::from(key.as_str()))) {
            out.push(|| self.of_parts(site, "Map keys", shape));
        }
    }

    fn values(self, site: Site<'_>, held: &str, object: &Map<String, Value>, out: &mut Violations) {
        let Some(shape) = self.document.shape(held) else { return };
        if shape.is_scalar() {
            if !object.values().all(|value| holds_all(shape, value)) {
                out.push(|| self.of_parts(site, "Map value", shape));
            }
            return;
        }
        for (key, value) in object {
            let here = site.path.key(key);
            match value {
                Value::Null => out.push(|| self.absent(here)),
                value => self.check(held, value, here, out),
            }
        }
    }

    fn of_parts(self, site: Site<'_>, what: &str, shape: &Shape) -> String {
        let rules = Rule::bracketed(shape);
        self.sentence(site, &format!("{what} must satisfy constraint: [{rules}]"))
    }

    fn absent(self, path: Path<'_>) -> String {
        let value = match self.echo {
            Echo::Values => "null ",
            Echo::BlobsOnly => "",
        };
        format!("Value {value}at '{path}' failed to satisfy constraint: {NOT_NULL}")
    }

    fn sentence(self, site: Site<'_>, constraint: &str) -> String {
        let value = match (self.echo, &site.shape.kind) {
            (Echo::Values, _) | (Echo::BlobsOnly, Kind::Blob) => quoted(site.shape, site.value),
            (Echo::BlobsOnly, _) => String::new(),
        };
        format!("Value {value}at '{}' failed to satisfy constraint: {constraint}", site.path)
    }
}

fn holds_all(shape: &Shape, value: &Value) -> bool {
    !value.is_null() && Rule::each(shape).all(|rule| rule.holds(&shape.kind, value))
}
