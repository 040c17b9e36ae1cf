//! How many calls may run at once: additive increase, multiplicative decrease.
//!
//! A stream that refuses asks for less, be it a whole call or one record in five hundred. So any
//! refusal halves the number, and as many clean calls as the number says add one, up to what the
//! builder set. The number starts there: a healthy stream is never kept waiting.

use tokio::time::Instant;

/// The number of calls that may run at once.
#[derive(Debug)]
pub(super) struct Window {
    most: usize,
    limit: usize,
    /// Clean calls since the number changed.
    clean: usize,
    halved: Option<Instant>,
}

impl Window {
    pub(super) fn new(most: usize) -> Self {
        let most = most.max(1);
        Self { most, limit: most, clean: 0, halved: None }
    }

    pub(super) fn limit(&self) -> usize {
        self.limit
    }

    /// A call went through and nothing of it was refused.
    pub(super) fn clean(&mut self) {
        self.clean += 1;
        if self.clean >= self.limit && self.limit < self.most {
            self.limit += 1;
            self.clean = 0;
        }
    }

    /// A call that went out at `sent` was refused, in part or as a whole.
    ///
    /// Calls that were under way together are refused together; that is one sign and not several,
    /// else four calls in flight would always fall to one.
    pub(super) fn refused(&mut self, sent: Instant, now: Instant) {
        self.clean = 0;
        if self.halved.is_some_and(|halved| sent <= halved) {
            return;
        }
        self.halved = Some(now);
        self.limit = (self.limit / 2).max(1);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_refusal_halves_and_a_clean_window_adds_one() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut window = Window::new(8);
        window.refused(at(1), at(2));
        assert_eq!(window.limit(), 4);
        window.refused(at(2), at(3));
        assert_eq!(window.limit(), 4, "it was under way with the first");
        window.refused(at(3), at(4));
        window.refused(at(5), at(6));
        window.refused(at(7), at(8));
        assert_eq!(window.limit(), 1, "never less");
        let limits: Vec<usize> = (0..12)
            .map(|_| {
                window.clean();
                window.limit()
            })
            .collect();
        assert_eq!(limits, [2, 2, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5]);
        (0..100).for_each(|_| window.clean());
        assert_eq!(window.limit(), 8, "never more than was set");
    }
}
