//! Bytes that are piled up bucket by bucket, in pieces of one size: no pile is moved when it grows, and
//! none takes more room than it has bytes, but for its last piece.

/// Room of a piece.
const PIECE_BYTES: usize = 64 << 10;

/// Piles of bytes.
#[derive(Debug, Default)]
pub(super) struct Piles {
    piles: Vec<Vec<Vec<u8>>>,
    /// Pieces that are used again.
    free: Vec<Vec<u8>>,
}

impl Piles {
    /// So many piles, all of them empty.
    pub fn new(count: usize) -> Self {
        Self { piles: vec![Vec::new(); count], free: Vec::new() }
    }

    /// Number of piles.
    pub fn count(&self) -> usize {
        self.piles.len()
    }

    /// The end of a pile, where so many bytes have room.
    pub fn room(&mut self, pile: usize, bytes: usize) -> &mut Vec<u8> {
        let pile = &mut self.piles[pile];
        let room = pile.last().map_or(0, |piece| piece.capacity() - piece.len());
        if room < bytes {
            let fresh = || Vec::with_capacity(PIECE_BYTES);
            let mut piece = self.free.pop().unwrap_or_else(fresh);
            piece.reserve(bytes);
            pile.push(piece);
        }
        pile.last_mut().expect("one was pushed")
    }

    /// The pieces of a pile, in their order.
    pub fn pieces(&self, pile: usize) -> &[Vec<u8>] {
        &self.piles[pile]
    }

    /// Empties a pile and keeps its pieces for others, but for those that are too large.
    pub fn clear(&mut self, pile: usize) {
        for mut piece in self.piles[pile].drain(..) {
            if piece.capacity() < 2 * PIECE_BYTES {
                piece.clear();
                self.free.push(piece);
            }
        }
    }

    /// Moves a pile behind other bytes. Its room is given back.
    pub fn take(&mut self, pile: usize, bytes: &mut Vec<u8>) {
        self.free.clear();
        let pieces = std::mem::take(&mut self.piles[pile]);
        bytes.reserve(pieces.iter().map(Vec::len).sum());
        pieces.iter().for_each(|piece| bytes.extend_from_slice(piece));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_piled_up_comes_back() {
        let mut piles = Piles::new(2);
        let mut all = [Vec::new(), Vec::new()];
        for round in 0..3 {
            for number in 0..40_000_usize {
                let bytes = vec![number as u8; number % 7 + 1];
                piles.room(number % 2, bytes.len()).extend_from_slice(&bytes);
                all[number % 2].extend_from_slice(&bytes);
            }
            let large = vec![round; 3 * PIECE_BYTES];
            piles.room(0, large.len()).extend_from_slice(&large);
            all[0].extend_from_slice(&large);
            let small = piles.pieces(1).iter().all(|piece| piece.capacity() < 2 * PIECE_BYTES);
            assert!(small && piles.pieces(1).len() > 1);
            assert_eq!(piles.pieces(0).concat(), all[0]);
            if round < 2 {
                piles.clear(0);
                all[0].clear();
            }
        }
        let mut taken = vec![7];
        piles.take(1, &mut taken);
        assert_eq!(taken[1..], all[1]);
        assert!(piles.pieces(1).is_empty() && piles.count() == 2);
    }
}
