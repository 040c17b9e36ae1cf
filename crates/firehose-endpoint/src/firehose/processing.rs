//! The processors of a destination, as the engine knows them.

use std::{sync::Arc, time::Duration};

use firehose_delivery::{
    LambdaFunction, LambdaProcessor, LogDecompression, Processing, SubRecords,
};

use super::{
    destination::{Processor, S3Destination},
    error::{invalid, not_built},
};
use crate::{LambdaHook, lambda, protocol::AwsError};

/// The only engine that AWS has for queries.
const ENGINE: &str = "JQ-1.6";

/// What the processors of a destination do.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Processors {
    pub(super) processing: Processing,
    /// `MetadataExtractionQuery`
    pub(super) query: Option<String>,
    pub(super) lambda: Option<Lambda>,
}

/// A processor of type `Lambda`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Lambda {
    pub(super) arn: String,
    pub(super) retries: u32,
    pub(super) size_bytes: usize,
    pub(super) interval: Duration,
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
        let mut extraction = None;
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
                "Lambda" => read.lambda = Some(Lambda::of(processor)?),
                "Decompression" => {
                    processor.knows(&["CompressionFormat"])?;
                    if processor.parameter("CompressionFormat").is_some_and(|f| f != "GZIP") {
                        return Err(invalid("CompressionFormat of a Decompression must be GZIP"));
                    }
                    read.processing.decompression = Some(LogDecompression::default());
                }
                "CloudWatchLogProcessing" => extraction = Some(extract_messages(processor)?),
                other => return Err(not_built(&format!("A processor of type {other}"))),
            }
        }
        match (&mut read.processing.decompression, extraction) {
            (_, None) => Ok(read),
            (Some(decompression), Some(extract)) => {
                decompression.extract_messages = extract;
                Ok(read)
            }
            (None, Some(_)) => Err(invalid(
                "A processor of type CloudWatchLogProcessing must have one of type Decompression \
                 beside it",
            )),
        }
    }
}

/// `DataMessageExtraction`, in any case.
fn extract_messages(processor: &Processor) -> Result<bool, AwsError> {
    processor.knows(&["DataMessageExtraction"])?;
    let given = processor.required("DataMessageExtraction")?.to_ascii_lowercase();
    given.parse().map_err(|_| invalid("DataMessageExtraction must be true or false"))
}

impl Lambda {
    fn of(processor: &Processor) -> Result<Self, AwsError> {
        processor.knows(&[
            "LambdaArn",
            "NumberOfRetries",
            "RoleArn",
            "BufferSizeInMBs",
            "BufferIntervalInSeconds",
        ])?;
        let hints = LambdaProcessor::HINTS;
        let retries = processor.parameter("NumberOfRetries").map(str::parse).transpose();
        let retries = retries.map_err(|_| wrong("NumberOfRetries", "a whole number from 0"))?;
        Ok(Self {
            arn: processor.required("LambdaArn")?.to_owned(),
            retries: retries.unwrap_or(LambdaProcessor::RETRIES),
            size_bytes: size_bytes(processor)?.unwrap_or(hints.size_bytes),
            interval: interval(processor)?.unwrap_or(hints.interval),
        })
    }

    /// What stands for the function.
    ///
    /// # Errors
    ///
    /// Nothing does; the function is named.
    pub(super) fn function(
        &self,
        hooks: &[LambdaHook],
    ) -> Result<Arc<dyn LambdaFunction>, AwsError> {
        lambda::function(hooks, &self.arn).ok_or_else(|| {
            let name = lambda::name_of(&self.arn);
            not_built(&format!(
                "A processor of type Lambda for whose function {name} nothing stands (--lambda \
                 {name}=URL or --lambda {name}='COMMAND')"
            ))
        })
    }
}

/// AWS: 0.2 to 3, in MiB.
fn size_bytes(processor: &Processor) -> Result<Option<usize>, AwsError> {
    const MIB: f64 = 1024.0 * 1024.0;
    let Some(text) = processor.parameter("BufferSizeInMBs") else { return Ok(None) };
    let size: Option<f64> = text.parse().ok().filter(|size| (0.2..=3.0).contains(size));
    let size = size.ok_or_else(|| wrong("BufferSizeInMBs", "a number from 0.2 to 3"))?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0.2 to 3 MiB")]
    Ok(Some((size * MIB) as usize))
}

/// AWS: 0 to 900, in seconds.
fn interval(processor: &Processor) -> Result<Option<Duration>, AwsError> {
    let Some(text) = processor.parameter("BufferIntervalInSeconds") else { return Ok(None) };
    let seconds = text.parse().ok().filter(|seconds| *seconds <= 900);
    let seconds =
        seconds.ok_or_else(|| wrong("BufferIntervalInSeconds", "a whole number from 0 to 900"))?;
    Ok(Some(Duration::from_secs(seconds)))
}

fn wrong(parameter: &str, allowed: &str) -> AwsError {
    invalid(format!("{parameter} of a processor of type Lambda must be {allowed}"))
}

fn sub_records(processor: &Processor) -> Result<SubRecords, AwsError> {
    match processor.required("SubRecordType")? {
        "JSON" => Ok(SubRecords::Json),
        "DELIMITED" => {
            // Unlike the delimiter that is put behind records, this one is in base64:
            // <https://docs.aws.amazon.com/firehose/latest/dev/dynamic-partitioning-multirecord-deaggergation.html>
            let given = processor.required("Delimiter")?;
            let delimiter = base64_simd::STANDARD.decode_to_vec(given).ok();
            let delimiter =
                delimiter.filter(|delimiter| !delimiter.is_empty()).ok_or_else(|| {
                    invalid(format!("Delimiter {given} must be in base64, as IyMjIw== is for ####"))
                })?;
            Ok(SubRecords::Delimited(delimiter))
        }
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
            one("RecordDeAggregation", &[("SubRecordType", "DELIMITED"), ("Delimiter", "IyMK")]),
            one(
                "MetadataExtraction",
                &[("MetadataExtractionQuery", "{a:.a}"), ("JsonParsingEngine", "JQ-1.6")]
            ),
            one("AppendDelimiterToRecord", &[]),
        ]);
        let expected = Processors {
            processing: Processing {
                decompression: None,
                sub_records: Some(SubRecords::Delimited(b"##\n".to_vec())),
                delimiter: Some(b"\n".to_vec()),
            },
            query: Some("{a:.a}".to_owned()),
            lambda: None,
        };
        assert_eq!(read(&all), Ok(expected));
        let json =
            read(&json!([one("RecordDeAggregation", &[("SubRecordType", "JSON")])])).unwrap();
        assert_eq!(json.processing.sub_records, Some(SubRecords::Json));
    }

    #[test]
    fn section_2_2_records_of_cloudwatch_logs_are_unpacked_in_either_order() {
        let decompression = one("Decompression", &[("CompressionFormat", "GZIP")]);
        for (given, extract_messages) in [("true", true), ("FALSE", false)] {
            let extraction = one("CloudWatchLogProcessing", &[("DataMessageExtraction", given)]);
            for processors in
                [json!([decompression, extraction]), json!([extraction, decompression])]
            {
                let expected = Some(LogDecompression { extract_messages });
                assert_eq!(read(&processors).unwrap().processing.decompression, expected);
            }
        }
        let alone = read(&json!([one("Decompression", &[])])).unwrap().processing.decompression;
        assert_eq!(alone, Some(LogDecompression::default()));
    }

    const ARN: &str = "arn:aws:lambda:us-east-1:000000000000:function:f";

    fn lambda(parameters: &[(&str, &str)]) -> serde_json::Value {
        let parameters: Vec<_> =
            [("LambdaArn", ARN)].into_iter().chain(parameters.iter().copied()).collect();
        json!([one("Lambda", &parameters)])
    }

    #[test]
    fn section_2_2_a_lambda_processor_has_awss_defaults_and_needs_what_stands_for_it() {
        let bare = read(&lambda(&[])).unwrap().lambda.unwrap();
        let expected = Lambda {
            arn: ARN.to_owned(),
            retries: 3,
            size_bytes: 1 << 20,
            interval: Duration::from_secs(60),
        };
        assert_eq!(bare, expected);
        let given = [
            ("NumberOfRetries", "0"),
            ("RoleArn", "r"),
            ("BufferSizeInMBs", "0.2"),
            ("BufferIntervalInSeconds", "0"),
        ];
        let given = read(&lambda(&given)).unwrap().lambda.unwrap();
        let Lambda { retries, size_bytes, interval, .. } = given;
        assert_eq!((retries, size_bytes, interval), (0, 209_715, Duration::ZERO));
        let told = bare.function(&[]).unwrap_err().message;
        assert!(told.contains("function f nothing stands (--lambda f=URL"), "{told}");
        assert!(told.ends_with("is not supported by firehose-local"), "{told}");
        assert!(bare.function(&["f=cat".parse().unwrap()]).is_ok());
    }

    #[test]
    fn section_2_2_what_is_wrong_with_a_processor_is_told() {
        let append = one("AppendDelimiterToRecord", &[]);
        let table = [
            (json!([one("Lambda", &[])]), "A processor of type Lambda must have LambdaArn"),
            (json!([one("Lambda", &[("Delimiter", "x")])]), "does not take Delimiter"),
            (lambda(&[("NumberOfRetries", "-1")]), "NumberOfRetries of a processor of type Lambda"),
            (lambda(&[("NumberOfRetries", "many")]), "must be a whole number from 0"),
            (lambda(&[("BufferSizeInMBs", "0.1")]), "must be a number from 0.2 to 3"),
            (lambda(&[("BufferSizeInMBs", "3.01")]), "must be a number from 0.2 to 3"),
            (lambda(&[("BufferSizeInMBs", "NaN")]), "must be a number from 0.2 to 3"),
            (lambda(&[("BufferIntervalInSeconds", "901")]), "must be a whole number from 0 to 900"),
            (lambda(&[("BufferIntervalInSeconds", "1.5")]), "must be a whole number from 0 to 900"),
            (json!([one("Unheard", &[])]), "A processor of type Unheard is not supported"),
            (json!([one("Decompression", &[("CompressionFormat", "ZIP")])]), "must be GZIP"),
            (json!([one("CloudWatchLogProcessing", &[])]), "must have DataMessageExtraction"),
            (
                json!([one("CloudWatchLogProcessing", &[("DataMessageExtraction", "maybe")])]),
                "must be true or false",
            ),
            (
                json!([one("CloudWatchLogProcessing", &[("DataMessageExtraction", "true")])]),
                "must have one of type Decompression beside it",
            ),
            (json!([append, append]), "Only one processor of type AppendDelimiterToRecord"),
            (json!([one("MetadataExtraction", &[])]), "must have MetadataExtractionQuery"),
            (json!([one("RecordDeAggregation", &[("SubRecordType", "XML")])]), "JSON or DELIMITED"),
            (
                json!([one("RecordDeAggregation", &[("SubRecordType", "DELIMITED")])]),
                "must have Delimiter",
            ),
            (
                json!([one(
                    "RecordDeAggregation",
                    &[("SubRecordType", "DELIMITED"), ("Delimiter", "####")]
                )]),
                "Delimiter #### must be in base64",
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
