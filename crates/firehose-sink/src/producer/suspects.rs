//! Finding the record for which a whole call is refused as invalid.
//!
//! The batch is halved, and the halves are tried one after the other, until the bad record is
//! alone; what is not to blame is delivered on the way. When one half passes, the other one must
//! hold the bad record and is halved without a call of its own. A bad record among 500 is alone
//! after at most ten more calls.
//!
//! A stream that refuses everything as invalid would be asked for each record in turn. So when
//! record after record turns out to be bad, and none is accepted in between, the next batches end
//! whole.

use super::batch::Entry;

/// So many bad records in a row, with none accepted in between, and it is the stream.
const HOPELESS: u32 = 32;

/// Groups of records that may hold one that makes their call invalid.
#[derive(Debug, Default)]
pub(super) struct Suspects {
    /// The last one goes first.
    groups: Vec<Group>,
    under_way: bool,
    bad_in_a_row: u32,
}

#[derive(Debug)]
struct Group {
    entries: Vec<Entry>,
    /// Whether the group tried just before is its other half: when that one passes, the bad record
    /// is here.
    other_half: bool,
}

impl Suspects {
    /// Whether nothing is left to try. One that is under way is in its flight.
    pub(super) fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    /// Whether a group may go out now. They go one at a time, for each answer decides what is
    /// tried next.
    pub(super) fn is_ready(&self) -> bool {
        !self.under_way && !self.groups.is_empty()
    }

    /// Whether halving is worth its calls.
    pub(super) fn is_hopeful(&self) -> bool {
        self.bad_in_a_row < HOPELESS
    }

    /// The next group to be tried, alone in its call.
    pub(super) fn next(&mut self) -> Option<Vec<Entry>> {
        if self.under_way {
            return None;
        }
        let group = self.groups.pop()?;
        self.under_way = true;
        Some(group.entries)
    }

    /// An ordinary batch is invalid. It waits behind the groups of earlier ones.
    pub(super) fn accuse(&mut self, entries: Vec<Entry>) {
        let halves = halves(entries);
        self.groups.splice(0..0, halves);
    }

    /// The group under way is invalid as well.
    pub(super) fn narrowed(&mut self, entries: Vec<Entry>) {
        self.cleared();
        self.groups.extend(halves(entries));
    }

    /// The group under way proved to be a single bad record, or it is gone: its other half may be
    /// good.
    pub(super) fn cleared(&mut self) {
        self.under_way = false;
        if let Some(next) = self.groups.last_mut() {
            next.other_half = false;
        }
    }

    /// The call of the group under way went through.
    pub(super) fn passed(&mut self) {
        self.under_way = false;
        let guilty = |group: &mut Group| group.other_half && group.entries.len() > 1;
        if let Some(group) = self.groups.pop_if(guilty) {
            self.groups.extend(halves(group.entries));
        }
    }

    /// The call of the group under way failed for another reason: the group is tried again.
    pub(super) fn again(&mut self, entries: Vec<Entry>) {
        if entries.is_empty() {
            return self.cleared();
        }
        self.under_way = false;
        self.groups.push(Group { entries, other_half: false });
    }

    /// A record was refused as invalid all alone.
    pub(super) fn found(&mut self) {
        self.bad_in_a_row = self.bad_in_a_row.saturating_add(1);
    }

    /// The stream accepted something.
    pub(super) fn progress(&mut self) {
        self.bad_in_a_row = 0;
    }

    /// Takes everything that is not under way.
    pub(super) fn take_all(&mut self) -> Vec<Entry> {
        self.groups.drain(..).rev().flat_map(|group| group.entries).collect()
    }
}

/// The halves of a group, the first one last, for it goes first.
fn halves(mut entries: Vec<Entry>) -> impl Iterator<Item = Group> {
    let second = entries.split_off(entries.len().div_ceil(2));
    let groups =
        [Group { entries: second, other_half: true }, Group { entries, other_half: false }];
    groups.into_iter().filter(|group| !group.entries.is_empty())
}
