//! A set of small numbers, a bit each.

/// Numbers from 0 on.
#[derive(Debug, Clone, Default)]
pub(super) struct Bits(Vec<u64>);

impl Bits {
    /// Adds a number. False if it was there.
    pub fn insert(&mut self, number: usize) -> bool {
        let (word, mask) = (number / 64, 1u64 << (number % 64));
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        let new = self.0[word] & mask == 0;
        self.0[word] |= mask;
        new
    }

    /// Takes a number out. False if it was not there.
    pub fn remove(&mut self, number: usize) -> bool {
        let Some(word) = self.0.get_mut(number / 64) else { return false };
        let mask = 1u64 << (number % 64);
        let was_there = *word & mask != 0;
        *word &= !mask;
        was_there
    }

    /// Those that are here and not in `other`, ascending.
    pub fn without<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = usize> + 'a {
        self.0.iter().enumerate().flat_map(move |(index, word)| {
            let mut left = word & !other.0.get(index).copied().unwrap_or(0);
            std::iter::from_fn(move || {
                let bit = (left != 0).then(|| left.trailing_zeros() as usize)?;
                left &= left - 1;
                Some(index * 64 + bit)
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Bits;

    #[test]
    fn differences_come_in_order() {
        let (mut some, mut other) = (Bits::default(), Bits::default());
        for number in [0, 63, 64, 200, 201] {
            assert!(some.insert(number));
            assert!(!some.insert(number));
        }
        assert!(some.insert(5) && some.remove(5) && !some.remove(5) && !some.remove(9999));
        other.insert(63);
        other.insert(200);
        other.insert(1000);
        assert_eq!(some.without(&other).collect::<Vec<_>>(), [0, 64, 201]);
        assert_eq!(other.without(&some).collect::<Vec<_>>(), [1000]);
    }
}
