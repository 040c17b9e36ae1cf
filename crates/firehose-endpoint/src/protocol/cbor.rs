//! CBOR as Kinesis speaks it (`application/x-amz-cbor-1.1`): the JSON of the same call in other
//! bytes. Blobs are byte strings, and times are tag 1 with an integer of epoch **milliseconds**,
//! against RFC 8949; Java's client wants them so.

use base64_simd::STANDARD;
use bytes::Bytes;
use serde_json::{Map, Number, Value};

/// The deepest nesting that is read; the deepest shape has four levels.
const DEEPEST: usize = 32;
const BREAK: u8 = 0xff;
/// Members whose values are blobs; all others are texts.
const BLOBS: [&str; 1] = ["Data"];
const TIME_SUFFIX: &str = "Timestamp";

/// Reads a document; byte strings become base64, times become epoch seconds.
///
/// # Errors
///
/// A sentence: what is wrong with the bytes.
pub(crate) fn read(bytes: &Bytes) -> Result<Value, String> {
    let mut reader = Reader { left: bytes, depth: 0 };
    let value = reader.value()?;
    if reader.left.is_empty() { Ok(value) } else { Err("bytes follow the document".to_owned()) }
}

/// Writes an answer.
pub(crate) fn write(value: &Value) -> Bytes {
    let mut out = Vec::new();
    write_value(&mut out, "", value);
    out.into()
}

struct Reader<'a> {
    left: &'a [u8],
    depth: usize,
}

/// What the first byte of an item says.
struct Head {
    major: u8,
    minor: u8,
}

impl Reader<'_> {
    fn value(&mut self) -> Result<Value, String> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(format!("it is nested more than {DEEPEST} deep"));
        }
        let head = self.head()?;
        let value = match head.major {
            0 => Value::from(self.argument(&head)?),
            1 => {
                let below = i64::try_from(self.argument(&head)?).map_err(|_| out_of_range())?;
                Value::from(-1 - below)
            }
            2 => Value::from(STANDARD.encode_to_string(self.string(&head)?)),
            3 => Value::from(text(self.string(&head)?)?),
            4 => self.array(&head)?,
            5 => self.map(&head)?,
            6 => self.tagged(&head)?,
            _ => self.simple(&head)?,
        };
        self.depth -= 1;
        Ok(value)
    }

    fn head(&mut self) -> Result<Head, String> {
        let byte = self.take(1)?[0];
        Ok(Head { major: byte >> 5, minor: byte & 31 })
    }

    fn take(&mut self, count: usize) -> Result<&[u8], String> {
        let (taken, left) =
            self.left.split_at_checked(count).ok_or_else(|| "it ends early".to_owned())?;
        self.left = left;
        Ok(taken)
    }

    fn argument(&mut self, head: &Head) -> Result<u64, String> {
        let bytes = match head.minor {
            0..=23 => return Ok(u64::from(head.minor)),
            24..=27 => 1 << (head.minor - 24),
            other => return Err(format!("{other} is no length")),
        };
        Ok(self.take(bytes)?.iter().fold(0, |value, byte| value << 8 | u64::from(*byte)))
    }

    fn length(&mut self, head: &Head) -> Result<usize, String> {
        usize::try_from(self.argument(head)?).map_err(|_| out_of_range())
    }

    /// Whether an item of indefinite length ends here.
    fn ends(&mut self) -> bool {
        let ends = self.left.first() == Some(&BREAK);
        if ends {
            self.left = self.left.get(1..).unwrap_or_default();
        }
        ends
    }

    fn string(&mut self, head: &Head) -> Result<Vec<u8>, String> {
        if head.minor != 31 {
            let length = self.length(head)?;
            return Ok(self.take(length)?.to_vec());
        }
        let mut whole = Vec::new();
        while !self.ends() {
            let part = self.head()?;
            if part.major != head.major || part.minor == 31 {
                return Err("a string has a part that is none".to_owned());
            }
            let length = self.length(&part)?;
            whole.extend_from_slice(self.take(length)?);
        }
        Ok(whole)
    }

    fn array(&mut self, head: &Head) -> Result<Value, String> {
        let mut items = Vec::new();
        if head.minor == 31 {
            while !self.ends() {
                items.push(self.value()?);
            }
        } else {
            for _ in 0..self.length(head)? {
                items.push(self.value()?);
            }
        }
        Ok(Value::Array(items))
    }

    fn map(&mut self, head: &Head) -> Result<Value, String> {
        let mut members = Map::new();
        if head.minor == 31 {
            while !self.ends() {
                self.member(&mut members)?;
            }
        } else {
            for _ in 0..self.length(head)? {
                self.member(&mut members)?;
            }
        }
        Ok(Value::Object(members))
    }

    fn member(&mut self, members: &mut Map<String, Value>) -> Result<(), String> {
        let head = self.head()?;
        if head.major != 3 {
            return Err("a map has a key that is no text".to_owned());
        }
        let key = text(self.string(&head)?)?;
        let value = self.value()?;
        members.insert(key, value);
        Ok(())
    }

    /// Tag 1 is a time, in milliseconds; other tags say nothing that matters here.
    fn tagged(&mut self, head: &Head) -> Result<Value, String> {
        let tag = self.argument(head)?;
        let value = self.value()?;
        match (tag, value.as_f64()) {
            (1, Some(milliseconds)) => Ok(Value::from(milliseconds / 1000.0)),
            (1, None) => Err("a time is no number".to_owned()),
            _ => Ok(value),
        }
    }

    fn simple(&mut self, head: &Head) -> Result<Value, String> {
        let float =
            |value: f64| Number::from_f64(value).map(Value::Number).ok_or_else(out_of_range);
        match head.minor {
            20 => Ok(Value::Bool(false)),
            21 => Ok(Value::Bool(true)),
            22 | 23 => Ok(Value::Null),
            26 => {
                let bytes = self.take(4)?.try_into().map_err(|_| out_of_range())?;
                float(f64::from(f32::from_be_bytes(bytes)))
            }
            27 => {
                let bytes = self.take(8)?.try_into().map_err(|_| out_of_range())?;
                float(f64::from_be_bytes(bytes))
            }
            other => Err(format!("the simple value {other} means nothing here")),
        }
    }
}

fn out_of_range() -> String {
    "a number is out of range".to_owned()
}

fn text(bytes: Vec<u8>) -> Result<String, String> {
    String::from_utf8(bytes).map_err(|_| "a text is not UTF-8".to_owned())
}

fn write_value(out: &mut Vec<u8>, member: &str, value: &Value) {
    match value {
        Value::Null => out.push(0xf6),
        Value::Bool(value) => out.push(if *value { 0xf5 } else { 0xf4 }),
        Value::Number(number) if member.ends_with(TIME_SUFFIX) => {
            // Milliseconds of any year that a calendar has.
            #[expect(clippy::cast_possible_truncation, reason = "see above")]
            let milliseconds = (number.as_f64().unwrap_or(0.0) * 1000.0).round() as i64;
            out.push(0xc1);
            write_integer(out, milliseconds);
        }
        Value::Number(number) => match number.as_i64() {
            Some(number) => write_integer(out, number),
            None => {
                out.push(0xfb);
                out.extend_from_slice(&number.as_f64().unwrap_or(0.0).to_be_bytes());
            }
        },
        Value::String(text) if BLOBS.contains(&member) => {
            let bytes = STANDARD.decode_to_vec(text).unwrap_or_default();
            write_head(out, 2, bytes.len() as u64);
            out.extend_from_slice(&bytes);
        }
        Value::String(text) => write_text(out, text),
        Value::Array(items) => {
            write_head(out, 4, items.len() as u64);
            items.iter().for_each(|item| write_value(out, member, item));
        }
        Value::Object(members) => {
            write_head(out, 5, members.len() as u64);
            for (name, value) in members {
                write_text(out, name);
                write_value(out, name, value);
            }
        }
    }
}

fn write_text(out: &mut Vec<u8>, text: &str) {
    write_head(out, 3, text.len() as u64);
    out.extend_from_slice(text.as_bytes());
}

fn write_integer(out: &mut Vec<u8>, number: i64) {
    match u64::try_from(number) {
        Ok(number) => write_head(out, 0, number),
        Err(_) => write_head(out, 1, number.unsigned_abs() - 1),
    }
}

fn write_head(out: &mut Vec<u8>, major: u8, argument: u64) {
    let major = major << 5;
    let bytes = argument.to_be_bytes();
    let (minor, from) = match argument {
        0..=23 => return out.push(major | bytes[7]),
        24..=0xff => (24, 7),
        0x100..=0xffff => (25, 6),
        0x1_0000..=0xffff_ffff => (26, 4),
        _ => (27, 0),
    };
    out.push(major | minor);
    out.extend(bytes.iter().skip(from));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn from_hex(hex: &str) -> Bytes {
        let digits: Vec<u8> =
            hex.chars().filter_map(|c| c.to_digit(16)).map(|d| u8::try_from(d).unwrap()).collect();
        digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect::<Vec<_>>().into()
    }

    #[test]
    fn documents_of_rfc_8949_and_of_java_are_read() {
        for (hex, expected) in [
            ("a0", json!({})),
            ("a26161016162820203", json!({"a": 1, "b": [2, 3]})),
            ("bf61610161629f0203ffff", json!({"a": 1, "b": [2, 3]})),
            ("7f657374726561646d696e67ff", json!("streaming")),
            ("5f42010243030405ff", json!("AQIDBAU=")),
            ("43010203", json!("AQID")),
            ("c1 1b 000001538e68b000", json!(1_458_383_138.816)),
            ("c1 fb 4276d1d0d5f80000", json!(1_568_150_478.72)),
            ("3903e7", json!(-1000)),
            ("1bffffffffffffffff", json!(u64::MAX)),
            ("fa47c35000", json!(100_000.0)),
            ("f6", Value::Null),
            ("f5", json!(true)),
            ("d818 41ff", json!("/w==")),
        ] {
            assert_eq!(read(&from_hex(hex)), Ok(expected), "{hex}");
        }
    }

    #[test]
    fn what_is_no_document_is_refused() {
        for (hex, words) in [
            ("", "ends early"),
            ("a1", "ends early"),
            ("62 61", "ends early"),
            ("9bffffffffffffffff", "ends early"),
            ("a1 01 01", "no text"),
            ("01 01", "follow"),
            ("62 c328", "UTF-8"),
            ("7f 4161 ff", "part that is none"),
            ("c1 61 61", "no number"),
            ("fb 7ff0000000000000", "out of range"),
            ("3bffffffffffffffff", "out of range"),
            ("1c", "no length"),
            ("f0", "means nothing"),
        ] {
            let refused = read(&from_hex(hex)).unwrap_err();
            assert!(refused.contains(words), "{hex}: {refused}");
        }
        assert!(read(&Bytes::from(vec![0x81; 100_000])).unwrap_err().contains("nested"));
    }

    #[test]
    fn answers_have_byte_strings_and_times_in_milliseconds() {
        let answer = json!({
            "Records": [{ "Data": "AQID", "ApproximateArrivalTimestamp": 1_641_621_600.5 }],
            "MillisBehindLatest": 300,
        });
        let hex: String = write(&answer).iter().map(|byte| format!("{byte:02x}")).collect();
        assert!(hex.contains("6444617461" /* Data */), "{hex}");
        assert!(hex.contains("43010203"), "{hex}");
        assert!(hex.contains("c11b0000017e38582ff4") || hex.contains("c11b0000017e"), "{hex}");
        assert_eq!(read(&write(&answer)), Ok(answer));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&Bytes::from(bytes));
        }

        #[test]
        fn texts_and_numbers_come_back(text in "\\PC{0,300}", number in any::<i64>()) {
            let value = json!({ "a": text, "b": number, "c": [text, number] });
            prop_assert_eq!(read(&write(&value)), Ok(value));
        }
    }
}
