//! `hemicycle up`: all roles in this process, over the embedded store.

use axum::Router;
use tokio::sync::watch;

use super::data_dir::DataDir;
use super::parts::{Backends, Shell, item_bounds};
use super::running::{Running, Stop, Tasks};
use super::{Ambient, OPS_CONNECTIONS, StartError, listen};
use crate::config::{Role, Up};
use crate::domain::item::ItemBounds;
use crate::items::Items;
use crate::items::local::LocalItems;
use crate::live::Live;
use crate::queue::Queue;
use crate::queue::local::LocalQueue;
use crate::rate::Rate;
use crate::store::Store;
use crate::store::sqlite::Sqlite;

const ALL_ROLES: [Role; 9] = [
    Role::Vote,
    Role::Worker,
    Role::Result,
    Role::Polls,
    Role::Users,
    Role::Quotes,
    Role::Search,
    Role::Items,
    Role::Site,
];

/// Starts all roles in this process over the embedded store.
///
/// # Errors
/// When an address, the data directory or a file in it cannot be used.
pub async fn up(config: &Up, ambient: Ambient) -> Result<Running, StartError> {
    let service = &config.service;
    let (listener, address) = listen(service.listen.address()).await?;
    let ops_listener = match service.listen.ops_listen {
        Some(address) => Some(listen(address).await?),
        None => None,
    };
    let data_dir = DataDir::open(&config.data.data_dir)?;
    let keys = data_dir.keys(&service.keys, &ambient.entropy)?;
    let (store, backends) = open(&data_dir, item_bounds(&service.items)).await?;
    let shell = Shell::new(service, keys.clone(), ambient, (Some(&store), Rate::local()))?;
    shell.ensure_default_poll(&store, &service.default_poll).await?;
    let unfit = |source| StartError::Users { path: service.people.csv_file_users.clone().unwrap_or_default(), source };
    shell.load_users(&store).await.map_err(unfit)?;
    let unfit =
        |source| StartError::Quotes { path: service.people.csv_file_quotes.clone().unwrap_or_default(), source };
    shell.load_quotes(&store).await.map_err(unfit)?;

    let stop = Stop::default();
    let (mut routes, work) = shell.start(&ALL_ROLES, backends, &stop);
    let ops_address = ops_listener.as_ref().map(|(_, address)| *address);
    let ops_server = ops_listener
        .map(|(listener, _)| shell.serve(listener, fixed(shell.wrap(shell.ops(false))), OPS_CONNECTIONS, &stop.ops));
    if ops_server.is_none() {
        routes = routes.merge(shell.ops(true));
    }
    let server = shell.serve(listener, fixed(shell.wrap(routes)), service.limits.max_connections, &stop.serving);
    shell.health.started();
    let work = tokio::spawn(async { Some(work) });
    let tasks = Tasks { server, ops_server, work, stop, grace: service.limits.grace() };
    Ok(Running { address, ops_address, keys, health: shell.health, tasks, data_dir: Some(data_dir) })
}

async fn open(data_dir: &DataDir, bounds: ItemBounds) -> Result<(Store, Backends), StartError> {
    let (store, queue) = (data_dir.store(), data_dir.queue());
    let store_is_new = std::fs::metadata(&store).map_or(true, |file| file.len() == 0);
    let queue = LocalQueue::open(&queue).await?;
    if store_is_new && queue.holds_ballots().await? {
        return Err(StartError::StoreLost(store));
    }
    let file = Sqlite::open(&store).await?;
    let items = Some(Items::Local(LocalItems::open(file.clone(), bounds)));
    let (store, queue, live) = (Store::Sqlite(file), Some(Queue::Local(queue)), Some(Live::local()));
    Ok((store.clone(), Backends { store: Some(store), queue, live, items, alone: true }))
}

fn fixed(routes: Router) -> watch::Receiver<Router> {
    watch::Sender::new(routes).subscribe()
}
