//! What Firehose bills for records: an estimate, to see what packing is worth.

use std::time::Duration;

/// How Firehose counts what it bills: each record rounded up to the next 5 KB, and a gigabyte of
/// 1,048,576 KB at a price.
///
/// The rounding of Direct PUT is AWS's documented one; how many kilobytes make a gigabyte on the
/// bill is an assumption. Format conversion, delivery into a VPC and S3 itself come on top. What
/// holds for you is on <https://aws.amazon.com/firehose/pricing/>.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Billing {
    /// Price of a gigabyte, in whatever currency.
    pub per_gigabyte: f64,
}

impl Billing {
    /// Records are rounded up to multiples of this.
    pub const STEP_BYTES: usize = 5 * 1024;

    /// An assumption for the first tier of us-east-1, in US dollars, which was not compared with
    /// the price list. Prices differ by region and change: set yours.
    pub const US_EAST_1: Self = Self { per_gigabyte: 0.029 };

    /// Bytes that are billed for a record of this size.
    #[must_use]
    pub fn billed_bytes(record_bytes: usize) -> u64 {
        let steps = record_bytes.div_ceil(Self::STEP_BYTES).max(1);
        steps as u64 * Self::STEP_BYTES as u64
    }

    /// Bytes that are billed for each document of about `document_bytes`, when as many as fit go
    /// into a pack of `pack_bytes`; alone when there are no packs.
    #[must_use]
    pub fn billed_bytes_each(document_bytes: usize, pack_bytes: Option<usize>) -> f64 {
        let together = pack_bytes.map_or(1, |pack| (pack / document_bytes.max(1)).max(1));
        Self::billed_bytes(together * document_bytes) as f64 / together as f64
    }

    /// What a day costs at this many documents a second.
    #[must_use]
    pub fn per_day(
        &self,
        documents_per_second: f64,
        document_bytes: usize,
        pack_bytes: Option<usize>,
    ) -> f64 {
        let documents = documents_per_second * Duration::from_secs(24 * 3_600).as_secs_f64();
        let bytes = documents * Self::billed_bytes_each(document_bytes, pack_bytes);
        bytes / (1_u64 << 30) as f64 * self.per_gigabyte
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_record_is_rounded_up() {
        for (bytes, billed) in [(0, 5_120), (1, 5_120), (5_120, 5_120), (5_121, 10_240)] {
            assert_eq!(Billing::billed_bytes(bytes), billed, "{bytes}");
        }
    }

    #[test]
    fn a_month_of_records_of_three_kilobytes_is_billed_as_five() {
        // 100 records a second of 3 KB, which count as 5 KB: 1,235.96 GB in 30 days.
        let price = Billing { per_gigabyte: 1.0 };
        let month = 30.0 * price.per_day(100.0, 3 * 1024, None);
        assert!((month - 1_235.96).abs() < 0.01, "{month}");
    }

    #[test]
    fn packing_is_worth_some_fortyfold_for_a_rating() {
        let alone = Billing::US_EAST_1.per_day(1_000.0, 109, None);
        let packed = Billing::US_EAST_1.per_day(1_000.0, 109, Some(5_120));
        assert!((alone - 11.95).abs() < 0.01, "{alone}");
        assert!((alone / packed - 46.0).abs() < 0.01, "{}", alone / packed);
        // A pack just above the step is billed twice.
        let unlucky = Billing::US_EAST_1.per_day(1_000.0, 109, Some(5_300));
        assert!(unlucky > packed * 1.9, "{unlucky}");
    }
}
