//! Figures with their targets: a table for people, JSON for machines.

use serde::Serialize;

/// What a figure counts in.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Of 1.
    Share,
    /// Seconds.
    Seconds,
    /// Milliseconds.
    Milliseconds,
    /// 10^6 bytes.
    Megabytes,
    /// 10^3 bytes.
    Kilobytes,
}

impl Unit {
    fn show(self, value: f64) -> String {
        match self {
            Self::Share => format!("{value:.2}"),
            Self::Seconds => format!("{value:.1} s"),
            Self::Milliseconds => format!("{value:.1} ms"),
            Self::Megabytes => format!("{value:.1} MB"),
            Self::Kilobytes => format!("{value:.1} kB"),
        }
    }
}

#[derive(Debug, Serialize)]
struct Figure {
    name: String,
    unit: Unit,
    median: f64,
    lowest: f64,
    highest: f64,
    target: f64,
    met: bool,
    /// Medians a second of what was measured and of its ceiling, and the ceiling's spread.
    #[serde(skip_serializing_if = "Option::is_none")]
    rates: Option<Rates>,
    #[serde(skip)]
    wanted: String,
}

#[derive(Debug, Serialize)]
struct Rates {
    measured: f64,
    ceiling: f64,
    noise: f64,
}

/// All figures of a run.
#[derive(Debug, Default, Serialize)]
pub struct Figures(Vec<Figure>);

impl Figures {
    /// A rate as a share of its ceiling, round by round.
    pub fn ratio(&mut self, name: &str, target: f64, rates: &[f64], ceilings: &[f64]) {
        let ratios: Vec<f64> = rates.iter().zip(ceilings).map(|(rate, ceiling)| rate / ceiling).collect();
        self.at_least(name, Unit::Share, target, &ratios);
        let (lowest, ceiling, highest) = spread(ceilings);
        let rates = Rates { measured: spread(rates).1, ceiling, noise: (highest - lowest) / ceiling };
        if let Some(figure) = self.0.last_mut() {
            figure.rates = Some(rates);
        }
    }

    /// A figure whose median should not be under `target`.
    pub fn at_least(&mut self, name: &str, unit: Unit, target: f64, values: &[f64]) {
        self.push(name, unit, target, values, |median| median >= target, ">=");
    }

    /// A figure whose median should not be over `target`.
    pub fn at_most(&mut self, name: &str, unit: Unit, target: f64, values: &[f64]) {
        self.push(name, unit, target, values, |median| median <= target, "<=");
    }

    fn push(&mut self, name: &str, unit: Unit, target: f64, values: &[f64], met: impl Fn(f64) -> bool, sign: &str) {
        let (lowest, median, highest) = spread(values);
        let wanted = format!("{sign} {}", unit.show(target));
        let met = met(median);
        self.0.push(Figure { name: name.to_owned(), unit, median, lowest, highest, target, met, rates: None, wanted });
    }

    /// Prints the table.
    pub fn print(&self) {
        println!("{:<46} {:>10} {:>21} {:>11}", "figure", "median", "lowest – highest", "target");
        for figure in &self.0 {
            let range = format!("{} – {}", figure.unit.show(figure.lowest), figure.unit.show(figure.highest));
            let missed = if figure.met { "" } else { "  MISSED" };
            let median = figure.unit.show(figure.median);
            println!("{:<46} {median:>10} {range:>21} {:>11}{missed}", figure.name, figure.wanted);
            if let Some(Rates { measured, ceiling, noise }) = &figure.rates {
                let noise = noise * 100.0;
                println!("{:<46} {measured:.0}/s of {ceiling:.0}/s; the ceiling varied by {noise:.0} %", "");
            }
        }
    }

    /// The figures as JSON.
    ///
    /// # Errors
    /// When a figure is not a number.
    pub fn to_json(&self) -> anyhow::Result<String> {
        Ok(serde_json::to_string_pretty(self)?)
    }
}

fn spread(values: &[f64]) -> (f64, f64, f64) {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = |place: usize| sorted.get(place).copied().unwrap_or(f64::NAN);
    (at(0), at(sorted.len() / 2), at(sorted.len().saturating_sub(1)))
}
