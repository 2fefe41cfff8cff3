//! Makes connections: the last good host first, each host within a time of its own, all of them within the time that a
//! request waits for a connection.

use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use deadpool::managed::{Manager, Metrics, RecycleError, RecycleResult};
use tokio::sync::watch;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_postgres::config::Host;
use tokio_postgres_rustls::MakeRustlsConnect;

use super::super::error::StoreError;
use super::address::{DEFAULT_PORT, PostgresAddress};
use super::connection::{Connection, Deadline};
use super::errors::{NO_ANSWER, NO_PRIMARY, refused};
use super::host_order::{HostIndex, HostOrder};
use super::{session, tls};

/// How long all hosts together may take.
pub(super) const ALL_HOSTS: Duration = Duration::from_secs(4);

/// How long one host may take for name, TCP, TLS, start-up, the check of `target_session_attrs` and the settings, at most.
const ONE_HOST: Duration = Duration::from_secs(2);

/// How long a failure is given again instead of trying anew: the steps that a request takes after it fail at once.
const FAILURE_AGE: Duration = Duration::from_millis(500);

/// How long a connection is used: after that it is made anew, so that what a server has changed is seen.
const MAX_AGE: Duration = Duration::from_mins(30);

/// Makes the pool's connections.
pub(super) struct Dialler {
    hosts: Vec<tokio_postgres::Config>,
    order: HostOrder,
    /// The host that was connected to last.
    good_host: watch::Sender<Option<HostIndex>>,
    one_host: Duration,
    connector: MakeRustlsConnect,
    last_failure: Mutex<Option<(Instant, StoreError)>>,
}

impl Dialler {
    pub(super) fn new(address: &PostgresAddress) -> Result<Self, StoreError> {
        let hosts = address.hosts()?;
        Ok(Self {
            order: HostOrder::new(hosts.len()),
            good_host: watch::Sender::default(),
            hosts,
            one_host: address.config.get_connect_timeout().map_or(ONE_HOST, |own| *own),
            connector: tls::connector(address.root_certificates.as_deref())?,
            last_failure: Mutex::default(),
        })
    }

    /// Tries this host last from now on.
    pub(super) fn avoid(&self, host: HostIndex) {
        self.order.avoid(host);
    }

    async fn dial_all(&self) -> Result<Connection, StoreError> {
        let end = Instant::now() + ALL_HOSTS;
        let no_primary = StoreError::Unavailable(NO_PRIMARY);
        let mut failure = None;
        for (tried, host) in self.order.hosts().enumerate() {
            let left = end.saturating_duration_since(Instant::now());
            let time = share(left, self.hosts.len() - tried).min(self.one_host);
            match self.dial_host(host, Instant::now() + time).await {
                Ok(connection) => {
                    self.order.prefer(host);
                    self.good_host.send_if_modified(|good| good.replace(host) != Some(host));
                    return Ok(connection.follow(self.good_host.subscribe()));
                }
                Err(error) => {
                    self.order.avoid(host);
                    // That a standby is one says less than why the primary cannot be reached.
                    if failure.as_ref().is_none_or(|before| *before == no_primary) {
                        failure = Some(error);
                    }
                }
            }
        }
        Err(failure.unwrap_or(StoreError::Unavailable(NO_ANSWER)))
    }

    /// Tries the addresses of one host, each for its share of what is left of the time.
    async fn dial_host(&self, host: HostIndex, end: Instant) -> Result<Connection, StoreError> {
        let none = StoreError::Unavailable(NO_ANSWER);
        let config = self.hosts.get(host.0).ok_or(none.clone())?;
        let addresses = timeout_at(end, look_up(config)).await.map_err(|_| none.clone())??;
        let mut result = Err(none.clone());
        for (tried, address) in addresses.iter().enumerate() {
            let left = end.saturating_duration_since(Instant::now());
            let made =
                timeout(share(left, addresses.len() - tried), self.dial(host, address)).await;
            result = made.unwrap_or(Err(none.clone()));
            if result.is_ok() {
                break;
            }
        }
        result
    }

    async fn dial(
        &self,
        host: HostIndex,
        address: &tokio_postgres::Config,
    ) -> Result<Connection, StoreError> {
        let connected = address.connect(self.connector.clone()).await;
        let (client, connection) = connected.map_err(|error| refused(&error))?;
        // What ends it is seen by who asks next.
        let task = tokio::spawn(async { drop(connection.await) });
        let connection = Connection::new(client, task, host);
        connection.run(&session::settings(), Deadline::of_request()).await?;
        Ok(connection)
    }

    fn recent_failure(&self) -> Option<StoreError> {
        let last = self.last_failure.lock().unwrap_or_else(PoisonError::into_inner);
        let (when, error) = last.as_ref()?;
        (when.elapsed() < FAILURE_AGE).then(|| error.clone())
    }
}

impl Manager for Dialler {
    type Type = Connection;
    type Error = StoreError;

    async fn create(&self) -> Result<Connection, StoreError> {
        if let Some(error) = self.recent_failure() {
            return Err(error);
        }
        // On the heap: it is rare, and would be a part of every future that asks the store.
        let made = Box::pin(self.dial_all()).await;
        if let Err(error) = &made {
            let mut last = self.last_failure.lock().unwrap_or_else(PoisonError::into_inner);
            *last = Some((Instant::now(), error.clone()));
        }
        made
    }

    async fn recycle(
        &self,
        connection: &mut Connection,
        metrics: &Metrics,
    ) -> RecycleResult<StoreError> {
        if connection.is_spent() || metrics.age() > MAX_AGE {
            return Err(RecycleError::message("closed, or too old"));
        }
        Ok(())
    }
}

fn share(time: Duration, among: usize) -> Duration {
    time / u32::try_from(among.max(1)).unwrap_or(u32::MAX)
}

/// Gives the configuration of each address that the host's name stands for.
async fn look_up(host: &tokio_postgres::Config) -> Result<Vec<tokio_postgres::Config>, StoreError> {
    let name = match host.get_hosts() {
        [Host::Tcp(name)] if host.get_hostaddrs().is_empty() => name,
        _ => return Ok(vec![host.clone()]),
    };
    let unknown = StoreError::Unavailable(
        "the host name is not known: check the address and the name service",
    );
    let port = host.get_ports().first().copied().unwrap_or(DEFAULT_PORT);
    let found = tokio::net::lookup_host((name.as_str(), port)).await;
    let mut addresses: Vec<IpAddr> =
        found.map_err(|_| unknown.clone())?.map(|address| address.ip()).collect();
    addresses.dedup();
    let at = |address: IpAddr| {
        let mut config = host.clone();
        config.hostaddr(address);
        config
    };
    match addresses.as_slice() {
        [] => Err(unknown),
        addresses => Ok(addresses.iter().copied().map(at).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A host that accepts connections, and says nothing on them.
    async fn silent_host() -> (tokio::net::TcpListener, u16) {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        (listener, port)
    }

    #[tokio::test]
    async fn a_silent_host_leaves_time_for_the_next_one() {
        let (first, port) = silent_host().await;
        let (second, other) = silent_host().await;
        let url = format!("postgres://ann@127.0.0.1:{port},127.0.0.1:{other}/a?connect_timeout=1");
        let dialler = Dialler::new(&PostgresAddress::parse(&url).unwrap()).unwrap();
        let asked = async { tokio::join!(first.accept(), second.accept()) };
        let (made, asked) = tokio::join!(dialler.create(), asked);
        assert!(asked.0.is_ok() && asked.1.is_ok());
        assert_eq!(made.err(), Some(StoreError::Unavailable(NO_ANSWER)));
    }
}
