//! `echo`: every session has so many pings under way, and sends the next when a pong comes.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::crowd::Crowd;
use super::engine::{Engine, Handler, Outgoing};
use super::inbox::Frame;
use super::window::{Latencies, Scenario};

/// The load.
#[derive(Debug)]
pub struct Echo {
    crowd: Crowd,
    latencies: Latencies,
    /// When each ping that has no pong yet was sent.
    under_way: Vec<VecDeque<Instant>>,
    ping: Vec<u8>,
    in_flight: usize,
    /// Between two rounds of one session; none = as fast as it goes.
    every: Option<Duration>,
    next_round: Vec<Instant>,
    /// Which session's round is next, in turn.
    turn: usize,
    now: Instant,
    going: bool,
}

impl Echo {
    /// `rate`: pings a second of all together, at most; 0 = as fast as it goes.
    pub fn new(crowd: Crowd, in_flight: usize, rate: f64) -> Self {
        let clients = crowd.ears.len();
        let mut out = Outgoing::default();
        crowd.wire.ping(&mut out);
        let now = Instant::now();
        let every = (rate > 0.0).then(|| Duration::from_secs_f64((clients * in_flight) as f64 / rate));
        let spread =
            |link: usize| every.map_or(now, |every| now + every.mul_f64(link as f64 / clients as f64));
        Self {
            under_way: vec![VecDeque::with_capacity(in_flight); clients],
            next_round: (0..clients).map(spread).collect(),
            crowd,
            latencies: Latencies::default(),
            ping: out.take(),
            in_flight,
            every,
            turn: 0,
            now,
            going: true,
        }
    }
}

impl Scenario for Echo {
    fn drive(&mut self, engine: &mut Engine) -> Instant {
        self.now = Instant::now();
        let Some(every) = self.every else {
            // The first round of everybody; pongs keep it going.
            for link in self.turn..self.under_way.len() {
                self.under_way[link].extend(std::iter::repeat_n(self.now, self.in_flight));
                let pings = self.ping.repeat(self.in_flight);
                engine.send(link, self, |out| out.ready_made(&pings));
            }
            self.turn = self.under_way.len();
            return self.now + Duration::from_secs(1);
        };
        let pings = self.ping.repeat(self.in_flight);
        // Sessions are due in turn, so only the next one is looked at.
        loop {
            let link = self.turn % self.next_round.len();
            let due = self.next_round[link];
            // Not before the round before it is over; what is late then is measured from when it was due.
            if due > self.now || !self.under_way[link].is_empty() {
                return due.max(self.now + Duration::from_micros(200));
            }
            self.next_round[link] = due + every;
            self.turn += 1;
            self.under_way[link].extend(std::iter::repeat_n(due, self.in_flight));
            engine.send(link, self, |out| out.ready_made(&pings));
        }
    }

    fn stop(&mut self) {
        self.going = false;
    }

    fn is_drained(&self) -> bool {
        self.under_way.iter().all(VecDeque::is_empty)
    }

    fn crowd(&mut self) -> &mut Crowd {
        &mut self.crowd
    }

    fn latencies(&mut self) -> &mut Latencies {
        &mut self.latencies
    }

    fn judge(&mut self) {
        let lost: usize = self.under_way.iter().map(VecDeque::len).sum();
        if lost > 0 {
            self.crowd.faults.lost += lost as u64;
            self.crowd.faults.example(|| format!("{lost} pings have no pong"));
        }
    }
}

impl Handler for Echo {
    fn turned(&mut self, now: Instant) {
        self.now = now;
    }

    fn opened(&mut self, _link: usize, _out: &mut Outgoing) {}

    fn frame(&mut self, link: usize, frame: Frame, out: &mut Outgoing) {
        if self.crowd.hear(link, &frame, out).is_none() {
            return;
        }
        let Some(sent) = self.under_way[link].pop_front() else {
            self.crowd.faults.doubled += 1;
            self.crowd.faults.example(|| format!("session {link}: a pong without a ping"));
            return;
        };
        self.latencies.record(self.now.saturating_duration_since(sent));
        if self.going && self.every.is_none() {
            self.under_way[link].push_back(self.now);
            out.ready_made(&self.ping);
        }
    }

    fn closed(&mut self, link: usize, why: String) {
        self.crowd.ended(link, &why);
    }
}
