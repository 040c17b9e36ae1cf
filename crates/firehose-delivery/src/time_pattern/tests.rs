use super::*;

fn printed(pattern: &str, instant: &str, zone: &str) -> Result<String, String> {
    let mut out = String::new();
    let pattern = TimePattern::parse(pattern)?;
    pattern.print(instant.parse().unwrap(), zone.parse().unwrap(), &mut out);
    Ok(out)
}

/// Each line of `patterns.tsv` is what OpenJDK 17 prints, or that it refuses the pattern.
#[test]
fn section_4_2_every_pattern_prints_what_java_prints() {
    let (mut lines, mut refused) = (0, 0);
    for line in include_str!("patterns.tsv").lines() {
        let cells: Vec<&str> = line.split('\t').collect();
        match cells.as_slice() {
            [pattern, "refused"] => {
                assert!(TimePattern::parse(pattern).is_err(), "{pattern} is refused by Java");
                refused += 1;
            }
            [pattern, instant, zone, expected] => {
                let found = printed(pattern, instant, zone);
                assert_eq!(found.as_deref(), Ok(*expected), "{pattern} at {instant} in {zone}");
                lines += 1;
            }
            _ => panic!("{line}"),
        }
    }
    assert!(lines > 1_000 && refused > 100, "{lines} lines, {refused} refused");
}

/// Java names these zones as the zone data does; others it names by the locale's data.
#[test]
fn section_4_2_zone_names() {
    for (zone, winter, summer) in [
        ("UTC", "UTC", "UTC"),
        ("Europe/Lisbon", "WET", "WEST"),
        ("Europe/Berlin", "CET", "CEST"),
        ("America/New_York", "EST", "EDT"),
        ("America/Los_Angeles", "PST", "PDT"),
    ] {
        assert_eq!(printed("z", "2022-01-08T06:00:00Z", zone).as_deref(), Ok(winter));
        assert_eq!(printed("zzz", "2022-07-08T06:00:00Z", zone).as_deref(), Ok(summer));
    }
}

#[test]
fn section_4_2_refusals_say_what_is_wrong() {
    let table = [
        ("bb", "letter `b`"),
        ("HHH", "too many letters `H`"),
        ("'open", "quote that does not end"),
        ("zzzz", "full name"),
        ("V", "two letters `V`"),
        ("OO", "one letter `O`"),
        ("p", "pad letter"),
        ("]", "without a `[`"),
        ("{", "reserved character `{`"),
        ("cc", "`cc`"),
    ];
    for (pattern, words) in table {
        let problem = TimePattern::parse(pattern).unwrap_err();
        assert!(problem.contains(words), "{pattern}: {problem}");
    }
}

proptest::proptest! {
    /// Any text is a pattern or a refusal, and a pattern prints.
    #[test]
    fn any_text_is_read(pattern in ".{0,40}", seconds in -60_000_000_000i64..60_000_000_000) {
        if let Ok(pattern) = TimePattern::parse(&pattern) {
            let instant = DateTime::from_timestamp(seconds, 0).unwrap();
            pattern.print(instant, Tz::Australia__Lord_Howe, &mut String::new());
        }
    }
}
