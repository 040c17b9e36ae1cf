//! The estimated bill, before anything is sent that costs money.

use bytesize::ByteSize;
use firehose_sink::Billing;

use crate::{Args, Rate};

/// What a pack is assumed to be when none was asked for: one step of the bill.
const USUAL_PACK: usize = Billing::STEP_BYTES;

/// One line: a day at the rate, or a million records when the rate is not known, with packs and
/// without.
pub(crate) fn estimate(args: &Args, record_bytes: usize) -> String {
    let billing = args.billing();
    let pack = args.pack.map(|size| usize::try_from(size.as_u64()).unwrap_or(usize::MAX));
    let (rate, unit) = match args.rate() {
        Rate::Max => (1_000_000.0 / 86_400.0, "a million records".to_owned()),
        rate => {
            let mean = rate.mean().unwrap_or_default();
            (mean, format!("a day at {mean}/s"))
        }
    };
    let alone = billing.per_day(rate, record_bytes, None);
    let packed = billing.per_day(rate, record_bytes, Some(pack.unwrap_or(USUAL_PACK)));
    let (used, other) = match pack {
        None => (alone, format!("{packed:.2} with --pack 5KiB")),
        Some(_) => (packed, format!("{alone:.2} without --pack")),
    };
    format!(
        "estimated bill: {used:.2} for {unit} of {record_bytes} B records, {other} (records count \
         in steps of {}, {} a GB, conversion not included)",
        ByteSize(Billing::STEP_BYTES as u64).display().iec(),
        billing.per_gigabyte,
    )
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[test]
    fn both_ways_are_told_and_the_price_is_a_setting() {
        let of = |flags: &[&str]| {
            let flags =
                ["captains-producer", "--to", "firehose://s", "-n", "1"].iter().chain(flags);
            estimate(&Args::parse_from(flags), 109)
        };
        let alone = of(&["--rate", "1000/s"]);
        assert!(alone.contains("11.95 for a day at 1000/s"), "{alone}");
        assert!(alone.contains("0.26 with --pack 5KiB"), "{alone}");
        let packed = of(&["--rate", "1000/s", "--pack", "5KiB", "--price-per-gb", "0.058"]);
        assert!(
            packed.contains("bill: 0.52 for a day") && packed.contains("23.90 without"),
            "{packed}"
        );
        let most = of(&["--rate", "max"]);
        assert!(most.contains("0.14 for a million records"), "{most}");
    }
}
