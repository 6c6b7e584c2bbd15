//! The process's metrics, for Prometheus. The registry is handed around: two processes' worth of roles in one test do
//! not share numbers.

use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use axum::extract::MatchedPath;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{
    DescriptorEncoder, EncodeLabelSet, EncodeLabelValue, EncodeMetric, LabelValueEncoder, text,
};
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::{Family, MetricConstructor};
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};
use sysinfo::{Pid, ProcessRefreshKind, ProcessesToUpdate, System};

use crate::domain::ledger::Ledger;
use crate::items::Items;

/// A request's route template; requests that match no route share one label.
#[derive(Clone, Debug)]
pub struct Route(pub Option<MatchedPath>);

impl Route {
    /// The template.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_ref().map_or("none", MatchedPath::as_str)
    }
}

impl PartialEq for Route {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Route {}

impl std::hash::Hash for Route {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl EncodeLabelValue for Route {
    fn encode(&self, encoder: &mut LabelValueEncoder) -> Result<(), fmt::Error> {
        self.as_str().encode(encoder)
    }
}

/// The labels of the HTTP metrics.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct RequestLabels {
    /// `GET`, `POST`…; `OTHER` for what we do not know.
    pub method: &'static str,
    /// The route template, such as `/ballots/{poll}`.
    pub route: Route,
    /// The status code.
    pub status: u16,
}

/// Why a ballot was turned down.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Rejection {
    /// `not_open`, `closed`, `already_voted`, `code_missing`, `code_unknown`, `code_used`, `too_many`, `unknown_poll`,
    /// `unknown_choice`, `unauthorized`, `busy` or `unavailable`.
    pub reason: &'static str,
}

/// Builds histograms of seconds from 0.1 ms to about 13 s.
#[derive(Clone, Debug)]
pub struct Seconds;

impl MetricConstructor<Histogram> for Seconds {
    fn new_metric(&self) -> Histogram {
        Histogram::new(exponential_buckets(0.0001, 2.0, 18))
    }
}

/// The metrics of one process. Cloning shares them, for the price of one reference.
#[derive(Clone, Debug)]
pub struct Metrics {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    registry: Registry,
    ledger: Arc<Mutex<Option<Ledger>>>,
    items: Arc<OnceLock<Items>>,
    measures: Measures,
}

impl std::ops::Deref for Metrics {
    type Target = Measures;

    fn deref(&self) -> &Measures {
        &self.shared.measures
    }
}

/// What roles count and time.
#[derive(Debug)]
pub struct Measures {
    /// Requests by method, route and status.
    pub http_requests: Family<RequestLabels, Counter>,
    /// How long they took, until the first byte of the answer.
    pub http_duration: Family<RequestLabels, Histogram, Seconds>,
    /// Ballots turned down.
    pub rejected: Family<Rejection, Counter>,
    /// Ballots in each append of the intake.
    pub append_ballots: Histogram,
    /// How long each append took.
    pub append_seconds: Histogram,
    /// Ballots in each batch of the worker.
    pub apply_ballots: Histogram,
    /// How long each batch took to apply.
    pub apply_seconds: Histogram,
    /// Accepted ballots that wait to be counted.
    pub backlog_ballots: Gauge,
    /// How long the oldest of them has waited, in milliseconds.
    pub backlog_age_ms: Gauge,
    /// Times the log turned out to have another history than the bookmark's.
    pub log_forks: Counter,
    /// Times the log had been trimmed past the bookmark: ballots are missing.
    pub log_gaps: Counter,
    /// Viewers of live results: event streams and Socket.IO clients.
    pub viewers: Gauge,
    /// Open connections.
    pub connections: Gauge,
    /// Limits that this process decided alone, for want of Redis.
    pub rate_alone: Counter,
    /// Hashes of passwords computed, to store one or to verify one.
    pub password_hashes: Counter,
    /// Passwords that wait to be hashed.
    pub password_jobs_waiting: Gauge,
    /// Passwords turned away because as many as may wait did so.
    pub password_refusals: Counter,
}

impl Default for Metrics {
    fn default() -> Self {
        let seconds = || Seconds.new_metric();
        let ballots = || Histogram::new(exponential_buckets(1.0, 2.0, 14));
        let (mut registry, ledger, items) = (Registry::default(), Arc::default(), Arc::default());
        let measures = Measures {
            http_requests: Family::default(),
            http_duration: Family::new_with_constructor(Seconds),
            rejected: Family::default(),
            append_ballots: ballots(),
            append_seconds: seconds(),
            apply_ballots: ballots(),
            apply_seconds: seconds(),
            backlog_ballots: Gauge::default(),
            backlog_age_ms: Gauge::default(),
            log_forks: Counter::default(),
            log_gaps: Counter::default(),
            viewers: Gauge::default(),
            rate_alone: Counter::default(),
            connections: Gauge::default(),
            password_hashes: Counter::default(),
            password_jobs_waiting: Gauge::default(),
            password_refusals: Counter::default(),
        };
        measures.register(&mut registry);
        let ours = registry.sub_registry_with_prefix("hemicycle");
        ours.register_collector(Box::new(LedgerCollector(Arc::clone(&ledger))));
        ours.register_collector(Box::new(ItemsCollector(Arc::clone(&items))));
        Self { shared: Arc::new(Shared { registry, ledger, items, measures }) }
    }
}

impl Measures {
    fn register(&self, all: &mut Registry) {
        all.register("http_requests", "HTTP requests answered", self.http_requests.clone());
        let help = "Time until the first byte of the answer";
        all.register_with_unit("http_request_duration", help, Unit::Seconds, self.http_duration.clone());
        all.register_collector(Box::new(ProcessCollector));
        let ours = all.sub_registry_with_prefix("hemicycle");
        ours.register("ballots_rejected", "Ballots turned down, by reason", self.rejected.clone());
        ours.register("append_ballots", "Ballots in an append of the intake", self.append_ballots.clone());
        ours.register_with_unit("append", "Time an append took", Unit::Seconds, self.append_seconds.clone());
        ours.register("apply_ballots", "Ballots in a batch of the worker", self.apply_ballots.clone());
        ours.register_with_unit("apply", "Time a batch took to apply", Unit::Seconds, self.apply_seconds.clone());
        ours.register("backlog_ballots", "Accepted ballots that wait to be counted", self.backlog_ballots.clone());
        ours.register_collector(Box::new(Backlog(self.backlog_age_ms.clone())));
        ours.register("log_forks", "Times the log had another history than the bookmark", self.log_forks.clone());
        ours.register("log_gaps", "Times ballots were missing from the log: an alarm", self.log_gaps.clone());
        ours.register(
            "rate_alone",
            "Limits that this process decided alone, for want of Redis",
            self.rate_alone.clone(),
        );
        ours.register("viewers", "Viewers of live results: event streams and Socket.IO clients", self.viewers.clone());
        ours.register("connections", "Open connections", self.connections.clone());
        self.register_passwords(ours);
    }

    fn register_passwords(&self, ours: &mut Registry) {
        ours.register("password_hashes", "Hashes of passwords computed", self.password_hashes.clone());
        let help = "Passwords that wait to be hashed";
        ours.register("password_jobs_waiting", help, self.password_jobs_waiting.clone());
        ours.register("password_refusals", "Passwords turned away: too many waited", self.password_refusals.clone());
    }

    /// Counts a ballot turned down.
    pub fn reject(&self, reason: &'static str) {
        self.rejected.get_or_create_owned(&Rejection { reason }).inc();
    }

    /// Notes the backlog's age.
    pub fn set_backlog_age(&self, age: Duration) {
        self.backlog_age_ms.set(i64::try_from(age.as_millis()).unwrap_or(i64::MAX));
    }
}

impl Metrics {
    /// The terms of conservation as the next scrape shows them.
    pub fn set_ledger(&self, ledger: Ledger) {
        *self.shared.ledger.lock().unwrap_or_else(PoisonError::into_inner) = Some(ledger);
    }

    /// From now on shows who answers reads of these items.
    pub fn watch_items(&self, items: Items) {
        // Set once: a process has one set of items.
        let _ = self.shared.items.set(items);
    }

    /// All metrics in the `OpenMetrics` text format.
    ///
    /// # Errors
    /// Never in practice: writing to a string does not fail.
    pub fn encode(&self) -> Result<String, fmt::Error> {
        let mut page = String::with_capacity(16 << 10);
        text::encode(&mut page, &self.shared.registry)?;
        Ok(page)
    }
}

#[derive(Debug)]
struct Backlog(Gauge);

impl Collector for Backlog {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), fmt::Error> {
        let help = "How long the oldest ballot in the backlog has waited";
        let millis = i32::try_from(self.0.get()).unwrap_or(i32::MAX);
        let age = ConstGauge::new(f64::from(millis) / 1000.0);
        let metric = encoder.encode_descriptor("backlog_age", help, Some(&Unit::Seconds), age.metric_type())?;
        age.encode(metric)
    }
}

#[derive(Debug)]
struct LedgerCollector(Arc<Mutex<Option<Ledger>>>);

impl Collector for LedgerCollector {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), fmt::Error> {
        let Some(ledger) = *self.0.lock().unwrap_or_else(PoisonError::into_inner) else { return Ok(()) };
        let counters = [
            ("ballots_accepted", "Ballots ever accepted: the sum of the five terms", ledger.accepted()),
            ("ballots_superseded", "Ballots replaced by a later one of the same voter", ledger.superseded),
            ("ballots_discarded", "Ballots of rounds that were reset and polls that were deleted", ledger.discarded),
            ("ballots_dead", "Ballots that could not be read or applied", ledger.dead),
            ("ballots_repeated", "Ballots read again after a fork of the log", ledger.repeated),
        ];
        for (name, help, value) in counters {
            let counter = ConstCounter::new(value);
            counter.encode(encoder.encode_descriptor(name, help, None, counter.metric_type())?)?;
        }
        let gauges = [
            ("ballots_counted", "Ballots that stand in a tally", ledger.counted.cast_signed()),
            ("ballots_pending", "Accepted ballots that the worker has yet to read", ledger.pending.cast_signed()),
            ("conservation_difference", "Accepted less the five terms: not zero is an alarm", ledger.difference()),
        ];
        for (name, help, value) in gauges {
            let gauge = ConstGauge::new(value);
            gauge.encode(encoder.encode_descriptor(name, help, None, gauge.metric_type())?)?;
        }
        Ok(())
    }
}

#[derive(Debug)]
struct ItemsCollector(Arc<OnceLock<Items>>);

impl Collector for ItemsCollector {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), fmt::Error> {
        let Some(sources) = self.0.get().map(Items::sources) else { return Ok(()) };
        let counters = [
            ("items_read_by_main", "Calls for items that the main answered", sources.main),
            ("items_read_by_replica", "Calls for items that a replica answered", sources.replica),
        ];
        for (name, help, value) in counters {
            let counter = ConstCounter::new(value);
            counter.encode(encoder.encode_descriptor(name, help, None, counter.metric_type())?)?;
        }
        let fresh = ConstGauge::new(sources.fresh.cast_signed());
        let help = "Replicas that items may be read from just now";
        fresh.encode(encoder.encode_descriptor("items_replicas_fresh", help, None, fresh.metric_type())?)
    }
}

#[derive(Debug)]
struct ProcessCollector;

impl Collector for ProcessCollector {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), fmt::Error> {
        let Ok(mut system) = System::new() else { return Ok(()) };
        let me = Pid::from_u32(std::process::id());
        let what = ProcessRefreshKind::nothing().with_cpu().with_memory();
        system.refresh_processes_specifics(ProcessesToUpdate::Some(&[me]), false, what);
        let Some(process) = system.process(me) else { return Ok(()) };
        let cpu = ConstCounter::new(Duration::from_millis(process.accumulated_cpu_time()).as_secs_f64());
        let help = "CPU time of this process";
        cpu.encode(encoder.encode_descriptor("process_cpu", help, Some(&Unit::Seconds), cpu.metric_type())?)?;
        let memory = ConstGauge::new(process.memory().cast_signed());
        let help = "Resident memory of this process";
        let metric =
            encoder.encode_descriptor("process_resident_memory", help, Some(&Unit::Bytes), memory.metric_type())?;
        memory.encode(metric)
    }
}
