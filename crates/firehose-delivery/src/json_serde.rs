//! How JSON is read: the members of AWS's `Deserializer`.

/// Which of AWS's two deserializers reads the records, and its options.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum JsonSerDe {
    /// `OpenXJsonSerDe`: lenient.
    OpenX(OpenXJsonSerDe),
    /// `HiveJsonSerDe`: strict, and with timestamp formats of its own.
    Hive(HiveJsonSerDe),
}

/// The options of `OpenXJsonSerDe`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenXJsonSerDe {
    /// JSON keys are in lower case before they are compared. AWS's default is true.
    pub case_insensitive: bool,
    /// The key `a.b` is that of the column `a_b`, at any depth. AWS's default is false.
    pub convert_dots_in_json_keys_to_underscores: bool,
    /// Columns of the table that have another key than their name: column, key.
    pub column_to_json_key_mappings: Vec<(String, String)>,
}

/// The options of `HiveJsonSerDe`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HiveJsonSerDe {
    /// Patterns of Joda-Time or `millis`, tried in order before `yyyy-[m]m-[d]d hh:mm:ss[.f…]`.
    pub timestamp_formats: Vec<String>,
}

impl Default for OpenXJsonSerDe {
    fn default() -> Self {
        Self {
            case_insensitive: true,
            convert_dots_in_json_keys_to_underscores: false,
            column_to_json_key_mappings: Vec::new(),
        }
    }
}

impl Default for JsonSerDe {
    fn default() -> Self {
        Self::OpenX(OpenXJsonSerDe::default())
    }
}

impl JsonSerDe {
    /// The JSON key of a column.
    pub(crate) fn key_of<'a>(&'a self, column: &'a str) -> &'a str {
        let Self::OpenX(options) = self else { return column };
        let mapping = options.column_to_json_key_mappings.iter();
        let mut mapping = mapping.filter(|(name, _)| name.to_lowercase() == column);
        mapping.next().map_or(column, |(_, key)| key)
    }
}
