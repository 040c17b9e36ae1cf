//! The processors of a destination, as the engine knows them.

use firehose_delivery::{Processing, SubRecords};

use super::{
    destination::{Processor, S3Destination},
    error::{invalid, not_built},
};
use crate::protocol::AwsError;

/// The only engine that AWS has for queries.
const ENGINE: &str = "JQ-1.6";

/// What the processors of a destination do.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Processors {
    pub(super) processing: Processing,
    /// `MetadataExtractionQuery`
    pub(super) query: Option<String>,
}

impl Processors {
    /// Reads the processors; those of a block that is off are not looked at, as at AWS.
    ///
    /// # Errors
    ///
    /// A processor that is not built, by name; a parameter that is missing, unknown or wrong.
    pub(super) fn of(destination: &S3Destination) -> Result<Self, AwsError> {
        let block = &destination.processing_configuration;
        let mut read = Self::default();
        if !block.enabled {
            return Ok(read);
        }
        for (place, processor) in block.processors.iter().enumerate() {
            let kind = &processor.kind;
            if block.processors.iter().take(place).any(|other| other.kind == *kind) {
                return Err(invalid(format!("Only one processor of type {kind} may be given")));
            }
            match kind.as_str() {
                "RecordDeAggregation" => {
                    processor.knows(&["SubRecordType", "Delimiter"])?;
                    read.processing.sub_records = Some(sub_records(processor)?);
                }
                "MetadataExtraction" => {
                    processor.knows(&["MetadataExtractionQuery", "JsonParsingEngine"])?;
                    if processor.parameter("JsonParsingEngine").is_some_and(|e| e != ENGINE) {
                        return Err(invalid(format!("JsonParsingEngine must be {ENGINE}")));
                    }
                    read.query = Some(processor.required("MetadataExtractionQuery")?.to_owned());
                }
                "AppendDelimiterToRecord" => {
                    processor.knows(&["Delimiter"])?;
                    let given = processor.parameter("Delimiter").unwrap_or("\\n");
                    read.processing.delimiter = Some(unescaped(given));
                }
                other => return Err(not_built(&format!("A processor of type {other}"))),
            }
        }
        Ok(read)
    }
}

fn sub_records(processor: &Processor) -> Result<SubRecords, AwsError> {
    match processor.required("SubRecordType")? {
        "JSON" => Ok(SubRecords::Json),
        "DELIMITED" => Ok(SubRecords::Delimited(unescaped(processor.required("Delimiter")?))),
        other => Err(invalid(format!("SubRecordType {other} must be JSON or DELIMITED"))),
    }
}

impl Processor {
    fn parameter(&self, name: &str) -> Option<&str> {
        let mut found = self.parameters.iter().filter(|one| one.parameter_name == name);
        found.next().map(|one| one.parameter_value.as_str())
    }

    fn required(&self, name: &str) -> Result<&str, AwsError> {
        let kind = &self.kind;
        let missing = || invalid(format!("A processor of type {kind} must have {name}"));
        self.parameter(name).ok_or_else(missing)
    }

    fn knows(&self, names: &[&str]) -> Result<(), AwsError> {
        let unknown =
            |one: &&super::destination::Parameter| !names.contains(&one.parameter_name.as_str());
        match self.parameters.iter().find(unknown) {
            None => Ok(()),
            Some(one) => Err(invalid(format!(
                "A processor of type {} does not take {}",
                self.kind, one.parameter_name
            ))),
        }
    }
}

/// A delimiter as it is written: a backslash and `n`, `r`, `t` or a backslash stand for one
/// character.
fn unescaped(text: &str) -> Vec<u8> {
    let mut out = String::new();
    let mut chars = text.chars();
    while let Some(next) = chars.next() {
        match (next, chars.clone().next()) {
            ('\\', Some(escape @ ('n' | 'r' | 't' | '\\'))) => {
                chars.next();
                out.push(match escape {
                    'n' => '\n',
                    'r' => '\r',
                    't' => '\t',
                    other => other,
                });
            }
            (other, _) => out.push(other),
        }
    }
    out.into_bytes()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(processors: &serde_json::Value) -> Result<Processors, String> {
        let given =
            json!({ "ProcessingConfiguration": { "Enabled": true, "Processors": processors } });
        Processors::of(&S3Destination::read(&given).unwrap()).map_err(|why| why.message)
    }

    fn one(kind: &str, parameters: &[(&str, &str)]) -> serde_json::Value {
        let parameters: Vec<_> = parameters
            .iter()
            .map(|(name, value)| json!({ "ParameterName": name, "ParameterValue": value }))
            .collect();
        json!({ "Type": kind, "Parameters": parameters })
    }

    #[test]
    fn section_2_2_processors_are_read_with_their_parameters() {
        let all = json!([
            one("RecordDeAggregation", &[("SubRecordType", "DELIMITED"), ("Delimiter", "##\\n")]),
            one(
                "MetadataExtraction",
                &[("MetadataExtractionQuery", "{a:.a}"), ("JsonParsingEngine", "JQ-1.6")]
            ),
            one("AppendDelimiterToRecord", &[]),
        ]);
        let expected = Processors {
            processing: Processing {
                sub_records: Some(SubRecords::Delimited(b"##\n".to_vec())),
                delimiter: Some(b"\n".to_vec()),
            },
            query: Some("{a:.a}".to_owned()),
        };
        assert_eq!(read(&all), Ok(expected));
        let json =
            read(&json!([one("RecordDeAggregation", &[("SubRecordType", "JSON")])])).unwrap();
        assert_eq!(json.processing.sub_records, Some(SubRecords::Json));
    }

    #[test]
    fn section_2_2_what_is_wrong_with_a_processor_is_told() {
        let append = one("AppendDelimiterToRecord", &[]);
        let table = [
            (json!([one("Lambda", &[])]), "A processor of type Lambda is not supported"),
            (json!([one("Decompression", &[])]), "Decompression is not supported"),
            (json!([one("CloudWatchLogProcessing", &[])]), "CloudWatchLogProcessing is not"),
            (json!([append, append]), "Only one processor of type AppendDelimiterToRecord"),
            (json!([one("MetadataExtraction", &[])]), "must have MetadataExtractionQuery"),
            (json!([one("RecordDeAggregation", &[("SubRecordType", "XML")])]), "JSON or DELIMITED"),
            (
                json!([one("RecordDeAggregation", &[("SubRecordType", "DELIMITED")])]),
                "must have Delimiter",
            ),
            (
                json!([one("AppendDelimiterToRecord", &[("LambdaArn", "a")])]),
                "does not take LambdaArn",
            ),
            (
                json!([one(
                    "MetadataExtraction",
                    &[("MetadataExtractionQuery", "."), ("JsonParsingEngine", "JQ-1.7")]
                )]),
                "must be JQ-1.6",
            ),
        ];
        for (processors, words) in table {
            let told = read(&processors).unwrap_err();
            assert!(told.contains(words), "{told}");
        }
    }

    #[test]
    fn section_4_4_escapes_of_delimiters() {
        let table = [
            ("\\n", "\n"),
            ("\n", "\n"),
            ("\\\\n", "\\n"),
            ("a\\tb", "a\tb"),
            ("\\x", "\\x"),
            ("\\", "\\"),
        ];
        for (given, expected) in table {
            assert_eq!(unescaped(given), expected.as_bytes(), "{given}");
        }
    }
}
