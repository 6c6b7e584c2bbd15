//! Whether this process should get requests, and if not, why.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The health of one process, by component. Cloning shares it.
#[derive(Clone, Debug)]
pub struct Health {
    troubles: Arc<Mutex<BTreeMap<&'static str, String>>>,
}

/// The component under which starting and draining are reported.
const PROCESS: &str = "process";

impl Health {
    /// A process that is starting: not ready until [`Health::started`].
    #[must_use]
    pub fn starting() -> Self {
        let health = Self { troubles: Arc::default() };
        let _ = health.report(PROCESS, Err("starting".into()));
        health
    }

    /// The process is up.
    pub fn started(&self) {
        let _ = self.report(PROCESS, Ok(()));
    }

    /// The process is going down: it finishes what it has and wants nothing new.
    pub fn draining(&self) {
        let _ = self.report(PROCESS, Err("draining".into()));
    }

    /// Notes how a component is. `true` where that is news: the caller logs it once.
    #[must_use]
    pub fn report(&self, component: &'static str, state: Result<(), String>) -> bool {
        let mut troubles = self.lock();
        match state {
            Ok(()) => troubles.remove(component).is_some(),
            Err(trouble) => troubles.insert(component, trouble).is_none(),
        }
    }

    /// What keeps the process from being ready, by component; empty where nothing does.
    #[must_use]
    pub fn troubles(&self) -> BTreeMap<&'static str, String> {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<&'static str, String>> {
        self.troubles.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
