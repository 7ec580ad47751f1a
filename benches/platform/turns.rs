//! Measures product and reference in turns.

use crate::Outcome;
use crate::environment::Environment;
use crate::load::{self, Done, Job};
use crate::support::process::Process;
use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

/// What came of one server's turns.
#[derive(Debug, Clone, Default)]
pub struct Side {
    rates: Vec<f64>,
    /// How many requests were answered, warming up included.
    pub answers: u64,
    counted: u64,
    cpu: Duration,
}

impl Side {
    /// Answers per second: the median of the turns.
    pub fn rate(&self) -> f64 {
        median(self.rates.clone())
    }

    /// The server's CPU time for one request.
    pub fn cpu_per_request(&self) -> Duration {
        self.cpu.div_f64(self.counted.max(1) as f64)
    }

    fn turn<J: Job + 'static>(
        &mut self,
        server: &Process,
        connections: usize,
        duration: Duration,
        job: &Rc<RefCell<J>>,
    ) -> Outcome<()> {
        let before = server.cpu_time()?;
        let done: Done = load::run(server.address(), connections, duration, job)?;
        self.cpu += server.cpu_time()?.saturating_sub(before);
        self.answers += done.answers;
        self.counted += done.answers;
        self.rates.push(done.rate());
        Ok(())
    }

    /// Forgets what was measured, but not how much was answered.
    fn begin(&mut self) {
        *self = Self { answers: self.answers, ..Self::default() };
    }
}

/// Product and reference.
#[derive(Debug, Clone, Default)]
pub struct Pair {
    /// The server.
    pub product: Side,
    /// The bare route.
    pub reference: Side,
}

impl Pair {
    /// What the product reaches of the reference: the median of the turns' ratios.
    pub fn ratio(&self) -> f64 {
        median(self.product.rates.iter().zip(&self.reference.rates).map(|(product, bare)| product / bare).collect())
    }
}

/// Measures both, each with its own job, after a turn for warming up.
pub fn measure<A: Job + 'static, B: Job + 'static>(
    environment: &Environment,
    connections: usize,
    (product, asked): (&Process, &Rc<RefCell<A>>),
    (reference, bare): (&Process, &Rc<RefCell<B>>),
) -> Outcome<Pair> {
    let mut pair = Pair::default();
    for turn in 0..=environment.turns {
        if turn == 1 {
            pair.product.begin();
            pair.reference.begin();
        }
        pair.product.turn(product, connections, environment.turn, asked)?;
        pair.reference.turn(reference, connections, environment.turn, bare)?;
    }
    Ok(pair)
}

/// The middle one.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
