//! What an acknowledged record survives, on the real program, the real disk and a real client:
//! kills, fail points, a full disk, a bucket that is not there; and that no 200 leaves before its
//! sync. What a power cut does is shown on simulated disks: by `firehose-journal`'s
//! `tests/simulation` and by `firehose-delivery`'s `journal::lives`.

mod data;
mod disk_full;
mod fail_points;
mod kills;
mod store_down;
mod syncs;
