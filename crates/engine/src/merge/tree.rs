//! A loser tree: the least of many heads, found again with one comparison a level once one of them has changed.
//!
//! Knuth, The Art of Computer Programming, volume 3, section 5.4.1.

use record::Timestamp;

/// By key, then by place: what breaks ties.
type Head = (Timestamp, usize);

/// The places of heads in the order of their keys, the least first.
#[derive(Debug)]
pub(super) struct Tree {
    /// Each place's key; none where it has no more lines.
    keys: Vec<Option<Timestamp>>,
    /// Nodes 1.. hold the loser of the match between their two sides; leaves lie behind them.
    losers: Vec<usize>,
    winner: usize,
    /// The least of all but the winner, where that is known: as long as the winner stays before it, nothing is played.
    second: Option<Head>,
}

impl Tree {
    /// The tree of these keys.
    pub fn new(keys: Vec<Option<Timestamp>>) -> Self {
        let count = keys.len();
        let mut tree = Self { keys, losers: vec![0; count], winner: 0, second: None };
        // Winners of the nodes, from the leaves up; leaf i is node count + i.
        let mut winners = vec![0; 2 * count];
        for (place, winner) in winners[count..].iter_mut().enumerate() {
            *winner = place;
        }
        for node in (1..count).rev() {
            let (left, right) = (winners[2 * node], winners[2 * node + 1]);
            let left_wins = tree.before(left, right);
            winners[node] = if left_wins { left } else { right };
            tree.losers[node] = if left_wins { right } else { left };
        }
        tree.winner = if count > 1 { winners[1] } else { 0 };
        tree
    }

    /// The place of the least head; none where there is no head left.
    #[inline]
    pub fn least(&self) -> Option<usize> {
        self.keys.get(self.winner).is_some_and(Option::is_some).then_some(self.winner)
    }

    /// The least key of all heads but the winner's.
    pub fn next_key(&self) -> Option<Timestamp> {
        let mut least: Option<Timestamp> = None;
        let mut node = (self.winner + self.keys.len()) / 2;
        // Who comes next has lost to the winner, and to nobody else.
        while node > 0 {
            if let Some(key) = self.keys[self.losers[node]] {
                least = Some(least.map_or(key, |least| least.min(key)));
            }
            node /= 2;
        }
        least
    }

    /// The head of the winner is another one now; `key` is not before the one it had.
    #[inline]
    pub fn replace_least(&mut self, key: Option<Timestamp>) {
        let place = self.winner;
        self.keys[place] = key;
        if let (Some(key), Some(second)) = (key, self.second)
            && (key, place) < second
        {
            return;
        }
        self.play();
    }

    /// Plays the winner's matches again, from its leaf up.
    fn play(&mut self) {
        let leaf = self.winner;
        let mut winner = leaf;
        let mut second: Option<Head> = None;
        let mut node = (leaf + self.keys.len()) / 2;
        while node > 0 {
            let loser = self.losers[node];
            if self.before(loser, winner) {
                self.losers[node] = winner;
                winner = loser;
            } else if let Some(key) = self.keys[loser]
                && second.is_none_or(|second| (key, loser) < second)
            {
                second = Some((key, loser));
            }
            node /= 2;
        }
        self.winner = winner;
        // Only the matches of the winner itself tell who comes next.
        self.second = if winner == leaf { Some(second.unwrap_or((NEVER, usize::MAX))) } else { None };
    }

    fn before(&self, a: usize, b: usize) -> bool {
        match (self.keys[a], self.keys[b]) {
            (Some(first), Some(second)) => (first, a) < (second, b),
            (Some(_), None) => true,
            (None, Some(_)) => false,
            (None, None) => a < b,
        }
    }
}

/// After every time.
const NEVER: Timestamp = Timestamp::from_nanos(i128::MAX);

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes all keys of these streams, each in order, by way of the tree.
    #[track_caller]
    fn check(streams: &[&[i128]]) {
        let mut at = vec![0; streams.len()];
        let key = |place: usize, at: usize| streams[place].get(at).copied().map(Timestamp::from_nanos);
        let mut tree = Tree::new((0..streams.len()).map(|place| key(place, 0)).collect());
        let mut taken = Vec::new();
        while let Some(place) = tree.least() {
            taken.push((streams[place][at[place]], place));
            at[place] += 1;
            tree.replace_least(key(place, at[place]));
        }
        let mut expected: Vec<_> =
            streams.iter().enumerate().flat_map(|(place, keys)| keys.iter().map(move |key| (*key, place))).collect();
        expected.sort_unstable();
        assert_eq!(taken, expected, "{streams:?}");
    }

    #[test]
    fn all_streams_of_up_to_two_keys_come_in_order() {
        let lists: [&[i128]; 10] = [&[], &[0], &[1], &[2], &[0, 0], &[0, 1], &[0, 2], &[1, 1], &[1, 2], &[2, 2]];
        check(&[]);
        for a in lists {
            check(&[a]);
            for b in lists {
                check(&[a, b]);
                for c in lists {
                    check(&[a, b, c]);
                    check(&[a, b, c, &[1, 1, 1], a]);
                }
            }
        }
    }
}
