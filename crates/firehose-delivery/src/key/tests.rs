use super::*;

const ID: Uuid = Uuid::from_u128(0x1f6d_0c0e_7b0a_4a53_9a33_6f1f_3b6a_d1de);

fn stream() -> DeliveryStreamConfig {
    DeliveryStreamConfig::new("PUT-S3-qrZbv")
}

fn keys(config: &DeliveryStreamConfig, arrival: &str) -> (String, String) {
    config.validate().unwrap_or_else(|why| panic!("{why}"));
    let layout = KeyLayout::new(config).unwrap();
    let arrival = arrival.parse().unwrap();
    let object = layout.object(arrival, ID, None, ".parquet");
    (object, layout.error_object(arrival, ID, ErrorOutputType::FormatConversion))
}

#[test]
fn section_4_1_keys_are_joined_as_firehose_joins_them() {
    let name = "PUT-S3-qrZbv-1-2022-01-08-06-04-19-1f6d0c0e-7b0a-4a53-9a33-6f1f3b6ad1de";
    let table = [
        (stream(), "", "format-conversion-failed/"),
        (stream().with_prefix("ratings"), "ratings", "ratingsformat-conversion-failed/"),
        (stream().with_prefix("ratings/"), "ratings/", "ratings/format-conversion-failed/"),
        (
            stream().with_prefix("ratings").with_error_output_prefix("failed/"),
            "ratings",
            "failed/format-conversion-failed/",
        ),
    ];
    for (config, prefix, error_prefix) in table {
        let (object, error) = keys(&config, "2022-01-08T06:04:19.999Z");
        assert_eq!(object, format!("{prefix}2022/01/08/06/{name}.parquet"));
        assert_eq!(error, format!("{error_prefix}2022/01/08/06/{name}"));
    }
}

/// The rows of the table in section 4.2: prefix, error prefix, what they become.
#[test]
fn section_4_2_examples_of_the_documentation() {
    let at = "2018-08-27T10:30:00Z";
    let name = "PUT-S3-qrZbv-1-2018-08-27-10-30-00-1f6d0c0e-7b0a-4a53-9a33-6f1f3b6ad1de";
    let error_type = "format-conversion-failed";
    let unset =
        stream().with_error_output_prefix("myFirehoseFailures/!{firehose:error-output-type}/");
    let (object, error) = keys(&unset, at);
    assert_eq!(object, format!("2018/08/27/10/{name}.parquet"));
    assert_eq!(error, format!("myFirehoseFailures/{error_type}/{name}"), "no date is added");

    let both = stream()
        .with_prefix("a/y=!{timestamp:yyyy}/r=!{firehose:random-string}")
        .with_error_output_prefix("f/!{firehose:error-output-type}/!{timestamp:yyyy}/");
    let (object, error) = keys(&both, at);
    let random = object.strip_prefix("a/y=2018/r=").unwrap().strip_suffix(".parquet").unwrap();
    let random = random.strip_suffix(name).unwrap();
    assert_eq!(random.len(), 11);
    assert!(random.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{random}");
    assert_eq!(error, format!("f/{error_type}/2018/{name}"));

    let (object, error) = keys(&stream().with_prefix("myFirehosePrefix"), at);
    assert_eq!(object, format!("myFirehosePrefix2018/08/27/10/{name}.parquet"));
    assert_eq!(error, format!("myFirehosePrefix{error_type}/2018/08/27/10/{name}"));
}

#[test]
fn section_4_2_a_prefix_with_any_expression_gets_no_date() {
    let config = stream()
        .with_prefix("p/!{firehose:random-string}/")
        .with_error_output_prefix("e/!{firehose:error-output-type}/");
    let (object, _) = keys(&config, "2018-08-27T10:30:00Z");
    assert!(!object.contains("2018/08/27"), "{object}");
}

#[test]
fn section_4_2_one_random_string_for_each_place_and_the_same_for_a_repeated_put() {
    let random = "!{firehose:random-string}";
    let config = stream()
        .with_prefix(format!("{random}/{random}/"))
        .with_error_output_prefix("e/!{firehose:error-output-type}/");
    let (first, _) = keys(&config, "2018-08-27T10:30:00Z");
    let (again, _) = keys(&config, "2018-08-27T10:30:00Z");
    assert_eq!(first, again);
    let parts: Vec<_> = first.split('/').collect();
    assert_ne!(parts[0], parts[1]);
}

#[test]
fn section_4_1_the_time_zone_governs_prefix_and_name() {
    let table = [
        (
            "2022-01-08T23:30:00Z",
            chrono_tz::Europe::Lisbon,
            "2022/01/08/23/",
            "2022-01-08-23-30-00",
        ),
        (
            "2022-07-08T23:30:00Z",
            chrono_tz::Europe::Lisbon,
            "2022/07/09/00/",
            "2022-07-09-00-30-00",
        ),
        ("2022-01-08T23:30:00Z", chrono_tz::Asia::Kolkata, "2022/01/09/05/", "2022-01-09-05-00-00"),
        (
            "2022-01-08T03:30:00Z",
            chrono_tz::America::New_York,
            "2022/01/07/22/",
            "2022-01-07-22-30-00",
        ),
    ];
    for (arrival, zone, folder, time) in table {
        let (object, error) = keys(&stream().in_time_zone(zone), arrival);
        for key in [&object, &error] {
            assert!(key.contains(folder) && key.contains(time), "{key}");
        }
        let config = stream()
            .with_prefix("!{timestamp:yyyy/MM/dd/HH/}")
            .with_error_output_prefix("!{firehose:error-output-type}/")
            .in_time_zone(zone);
        let (object, _) = keys(&config, arrival);
        assert!(object.starts_with(folder), "{object}");
    }
}

#[test]
fn section_4_3_a_file_extension_replaces_the_formats_own_and_not_that_of_error_objects() {
    let (object, error) = keys(&stream().with_file_extension(".pq"), "1970-01-01T00:00:00Z");
    assert!(object.ends_with("de.pq") && error.ends_with("de"), "{object} {error}");
}

#[test]
fn section_4_1_the_version_is_part_of_the_name() {
    let (object, _) = keys(&stream().at_version(12), "1970-01-01T00:00:00Z");
    let expected = format!("1970/01/01/00/PUT-S3-qrZbv-12-1970-01-01-00-00-00-{ID}.parquet");
    assert_eq!(object, expected);
}
