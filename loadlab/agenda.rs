//! What a bot means to do when: everything has a time it is due, and latency is counted from there.

use std::time::Duration;

use rand::RngExt;
use rand_pcg::Pcg64Mcg;

use crate::mix::Crowd;

/// Something a bot does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Act {
    /// Tells where it has walked to.
    Step,
    /// Goes to another location.
    Travel,
    Talk,
    Ping,
    /// Begins a trade.
    Trade,
    /// Does something about its party.
    Party,
    /// Begins a fight.
    Fight,
    /// Drops its connection, as a bad network would.
    Cut,
    /// Does not read for a while.
    Stall,
    /// Says goodbye and comes back with its token.
    Leave,
    /// Ends its session and signs in by password.
    SignOut,
}

#[derive(Debug, Clone, Copy)]
struct Beat {
    act: Act,
    /// On average, where it is by chance.
    every: Duration,
    by_chance: bool,
    due: Duration,
}

/// A bot's plan, in times from the start of the run.
#[derive(Debug)]
pub struct Agenda {
    beats: Vec<Beat>,
    dice: Pcg64Mcg,
}

impl Agenda {
    /// The plan of one bot of a crowd. `turn` spreads the steps of neighbours over their period.
    pub fn new(crowd: &Crowd, turn: usize, mut dice: Pcg64Mcg) -> Self {
        let mut beats = Vec::new();
        let mut add = |act, every_secs: f64, first: fn(&mut Pcg64Mcg, usize) -> f64, by_chance| {
            if every_secs > 0.0 {
                let every = Duration::from_secs_f64(every_secs);
                beats.push(Beat { act, every, by_chance, due: every.mul_f64(first(&mut dice, turn)) });
            }
        };
        let spread = |_: &mut Pcg64Mcg, turn: usize| (turn % 97) as f64 / 97.0;
        let anywhere = |dice: &mut Pcg64Mcg, _: usize| dice.random_range(0.0..1.0);
        let by_chance = |dice: &mut Pcg64Mcg, _: usize| dice.random_range(0.0..2.0);
        let together = |_: &mut Pcg64Mcg, _: usize| 0.5;
        add(Act::Step, period(crowd.moves_per_sec), spread, false);
        add(Act::Travel, crowd.travel_every_secs, anywhere, false);
        add(Act::Talk, crowd.chat_every_secs, anywhere, false);
        add(Act::Ping, period(crowd.pings_per_sec), anywhere, false);
        // Of two neighbours one asks.
        let begins = if turn.is_multiple_of(2) { crowd.trade_every_secs } else { 0.0 };
        add(Act::Trade, begins, anywhere, false);
        add(Act::Party, crowd.party_every_secs, anywhere, false);
        add(Act::Fight, crowd.fight_every_secs, anywhere, false);
        add(Act::Cut, crowd.drop_every_secs, by_chance, true);
        add(Act::Cut, crowd.storm_every_secs, together, false);
        add(Act::Stall, crowd.stall_every_secs, together, false);
        add(Act::Leave, crowd.leave_every_secs, by_chance, true);
        add(Act::SignOut, crowd.sign_out_every_secs, by_chance, true);
        Self { beats, dice }
    }

    /// What comes next, and when it is due.
    pub fn next(&self) -> Option<(Duration, Act)> {
        self.beats.iter().map(|beat| (beat.due, beat.act)).min()
    }

    /// Takes what comes next; it comes again later.
    pub fn take(&mut self) -> Option<(Duration, Act)> {
        let (due, act) = self.next()?;
        let beat = self.beats.iter_mut().find(|beat| (beat.due, beat.act) == (due, act))?;
        let times = if beat.by_chance { self.dice.random_range(0.0..2.0) } else { 1.0 };
        beat.due += beat.every.mul_f64(times);
        Some((due, act))
    }

    /// Leaves out the times of `act` before `now` but for the latest, which is returned with how many there were
    /// before it. For what replaces what was before it.
    pub fn merge(&mut self, act: Act, due: Duration, now: Duration) -> (Duration, u32) {
        let Some(beat) = self.beats.iter_mut().find(|beat| beat.act == act) else { return (due, 0) };
        let (mut latest, mut merged) = (due, 0);
        while beat.due <= now {
            latest = beat.due;
            beat.due += beat.every;
            merged += 1;
        }
        (latest, merged)
    }

    /// Leaves out what was due before `until`: nobody was there to do it.
    pub fn skip(&mut self, until: Duration) {
        while self.next().is_some_and(|(due, _)| due < until) {
            self.take();
        }
    }
}

fn period(a_second: f64) -> f64 {
    if a_second > 0.0 { 1.0 / a_second } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rand::SeedableRng;
    use rand_pcg::Pcg64Mcg;

    use super::{Act, Agenda};
    use crate::mix::Crowd;

    fn agenda(crowd: Crowd) -> Agenda {
        Agenda::new(&crowd, 0, Pcg64Mcg::seed_from_u64(1))
    }

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn what_is_due_first_comes_first_and_comes_again() {
        let mut agenda = agenda(Crowd { moves_per_sec: 10.0, storm_every_secs: 1.0, ..Crowd::default() });
        let taken: Vec<_> = (0..8).map(|_| agenda.take().unwrap()).collect();
        let steps = [0, 100, 200, 300, 400, 500].map(|at| (ms(at), Act::Step));
        assert_eq!(taken[..6], steps);
        assert_eq!(taken[6..], [(ms(500), Act::Cut), (ms(600), Act::Step)]);
    }

    #[test]
    fn lateness_moves_no_time_that_follows() {
        let mut agenda = agenda(Crowd { pings_per_sec: 10.0, ..Crowd::default() });
        let (first, _) = agenda.take().unwrap();
        let dues: Vec<_> = (0..50).map(|_| agenda.take().unwrap().0).collect();
        assert_eq!(dues.last(), Some(&(first + ms(5000))));
    }

    #[test]
    fn late_steps_become_one() {
        let mut agenda = agenda(Crowd { moves_per_sec: 10.0, ..Crowd::default() });
        let (due, act) = agenda.take().unwrap();
        assert_eq!(agenda.merge(act, due, ms(50)), (due, 0));
        assert_eq!(agenda.merge(act, due, ms(350)), (ms(300), 3));
        assert_eq!(agenda.next(), Some((ms(400), Act::Step)));
    }

    #[test]
    fn who_was_away_does_not_catch_up() {
        let mut agenda = agenda(Crowd { moves_per_sec: 10.0, pings_per_sec: 2.0, ..Crowd::default() });
        agenda.skip(ms(5001));
        let (due, _) = agenda.next().unwrap();
        assert!(due >= ms(5001) && due < ms(5102), "{due:?}");
    }

    #[test]
    fn chance_keeps_the_rate() {
        let mut agenda = agenda(Crowd { drop_every_secs: 4.0, ..Crowd::default() });
        let mut last = Duration::ZERO;
        for _ in 0..2000 {
            last = agenda.take().unwrap().0;
        }
        assert!((7400.0..8600.0).contains(&last.as_secs_f64()), "{last:?}");
    }

    #[test]
    fn who_has_nothing_to_do_does_nothing() {
        assert_eq!(agenda(Crowd::default()).take(), None);
    }
}
