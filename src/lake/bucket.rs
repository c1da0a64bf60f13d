//! Buckets of persons: a bucket is a range of person keys, so coarse buckets are unions of fine ones.

/// A closed range of person keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyRange {
    pub first: i64,
    pub last: i64,
}

impl KeyRange {
    /// All keys.
    pub const ALL: Self = Self { first: 0, last: i64::MAX };

    /// Does it hold the key?
    pub fn contains(self, key: i64) -> bool {
        self.first <= key && key <= self.last
    }

    /// Do the two share a key?
    pub fn meets(self, other: Self) -> bool {
        self.first <= other.last && other.first <= self.last
    }

    /// Is the other one inside?
    pub fn covers(self, other: Self) -> bool {
        self.first <= other.first && other.last <= self.last
    }
}

/// Bits of a key below its bucket number. Keys have 63 bits; `buckets` is a power of two.
fn shift(buckets: usize) -> u32 {
    63 - buckets.trailing_zeros()
}

/// Bucket of a key, of `buckets` many.
pub fn bucket_of(key: i64, buckets: usize) -> usize {
    // Shifted as 64 bits without a sign: with one bucket all 63 bits go.
    (key as u64 >> shift(buckets)) as usize
}

/// Keys of bucket number `bucket` of `buckets` many.
pub fn keys_of(bucket: usize, buckets: usize) -> KeyRange {
    let shift = shift(buckets);
    let first = (bucket as u64) << shift;
    KeyRange { first: first as i64, last: (first + ((1_u64 << shift) - 1)) as i64 }
}

/// Most jobs that there can be, and the finest buckets.
pub const MOST_JOBS: usize = 1 << 12;

/// The finest bucket of a key. The keys of all who use one ID are in that of its owner, so that they
/// stay in one bucket and one job.
pub fn finest(key: i64) -> KeyRange {
    keys_of(bucket_of(key, MOST_JOBS), MOST_JOBS)
}

/// Splits all keys into about so many jobs: the nearest power of two, so that jobs begin and end
/// where groups of rows do. There may be more jobs than buckets, since a scan keeps the rows of its
/// range only.
pub fn jobs(wanted: u64) -> Vec<KeyRange> {
    let wanted = usize::try_from(wanted).unwrap_or(MOST_JOBS).clamp(1, MOST_JOBS);
    let above = wanted.next_power_of_two();
    let count = if wanted * 4 <= above * 3 { above / 2 } else { above };
    (0..count).map(|b| keys_of(b, count)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_cover_all_keys_once() {
        for buckets in [1, 2, 16, 64, 256] {
            let mut next = 0_i64;
            for b in 0..buckets {
                let range = keys_of(b, buckets);
                assert_eq!(range.first, next);
                assert_eq!(bucket_of(range.first, buckets), b);
                assert_eq!(bucket_of(range.last, buckets), b);
                next = range.last.wrapping_add(1);
            }
            assert_eq!(keys_of(buckets - 1, buckets).last, i64::MAX);
        }
    }

    #[test]
    fn jobs_grow_with_their_work() {
        assert_eq!(jobs(0).len(), 1);
        assert_eq!(jobs(1).len(), 1);
        assert_eq!(jobs(10).len(), 8);
        assert_eq!(jobs(13).len(), 16);
        assert_eq!(jobs(16).len(), 16);
        assert_eq!(jobs(u64::MAX).len(), MOST_JOBS);
    }
}
