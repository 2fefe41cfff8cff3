//! A primary and a standby, and what happens to primaries.

use std::net::{SocketAddr, TcpListener};
use std::thread::sleep;
use std::time::Duration;

use crate::full_port::FullPort;
use crate::postgres::{PostgresCluster, as_owner, data, folder, run, serve, start_on};
use crate::processes::signal_all;

/// Whether the primary waits for its standby before it confirms a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replication {
    /// It waits for its standby.
    Synchronous,
    /// It does not: what it confirmed last may be lost with it.
    Asynchronous,
}

/// Which host an address names first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FirstHost {
    /// The primary, then its standby.
    Primary,
    /// The standby, then its primary.
    Standby,
}

/// A primary and its standby.
pub struct PostgresPair {
    primary: PostgresCluster,
    standby: PostgresCluster,
    /// The receiver of what the standby follows.
    is_frozen: std::cell::Cell<bool>,
}

impl PostgresPair {
    /// Starts both, reached by sockets; returns when the standby follows synchronously.
    pub fn start() -> Self {
        Self::start_on([None; 2], Replication::Synchronous)
    }

    /// Starts both, reached by TCP.
    pub fn start_over_tcp(replication: Replication) -> Self {
        Self::start_on([free_port(), free_port()].map(Some), replication)
    }

    fn start_on([first, other]: [Option<u16>; 2], replication: Replication) -> Self {
        let primary = start_on(first);
        let (folder, owner) = folder();
        let from = primary.folder();
        let port = primary.port.to_string();
        let from =
            ["-h", from.to_str().unwrap(), "-p", &port, "-U", "postgres", "-R", "-X", "stream"];
        let to = ["-c", "fast", "-D", &data(&folder)];
        as_owner(&owner, "pg_basebackup", &[&from[..], &to[..]].concat());
        let standby = serve(&folder, &owner, other);
        let pair = Self { primary, standby, is_frozen: false.into() };
        let is_synchronous = replication == Replication::Synchronous;
        if is_synchronous {
            pair.primary.sql("ALTER SYSTEM SET synchronous_standby_names = '*'");
            pair.primary.sql("SELECT pg_reload_conf()");
        }
        // Not before it is one does the primary wait for it.
        let state = if is_synchronous { "sync" } else { "async" };
        let follows = format!(
            "SELECT COUNT(*) FROM pg_stat_replication WHERE state = 'streaming' AND sync_state = '{state}'"
        );
        for _ in 0..600 {
            if pair.primary.sql(&follows) == "1" {
                return pair;
            }
            sleep(Duration::from_millis(50));
        }
        panic!("the standby does not follow");
    }

    /// A URL of both hosts: a client connects to the one that accepts writes.
    pub fn url(&self) -> String {
        self.url_in(FirstHost::Primary)
    }

    /// The same, with the hosts in this order.
    pub fn url_in(&self, order: FirstHost) -> String {
        let primary = self.primary.authority();
        let standby = self.standby.authority();
        let hosts = match order {
            FirstHost::Primary => [primary, standby],
            FirstHost::Standby => [standby, primary],
        };
        format!(
            "postgres://postgres@{}/postgres?sslmode=disable&target_session_attrs=read-write",
            hosts.join(",")
        )
    }

    /// A URL of the primary alone.
    pub fn primary_url(&self) -> String {
        format!("postgres://postgres@{}/postgres?sslmode=disable", self.primary.authority())
    }

    /// A URL of the standby alone.
    pub fn standby_url(&self) -> String {
        format!("postgres://postgres@{}/postgres?sslmode=disable", self.standby.authority())
    }

    /// Kills the primary (`kill -9`) after the standby received nothing for a moment: a primary that did not wait for its
    /// standby would have confirmed by then what nobody else has.
    pub fn kill_primary(&self) {
        let receiver = self.standby.sql("SELECT pid FROM pg_stat_wal_receiver");
        run("kill", &["-STOP", &receiver]);
        sleep(Duration::from_millis(300));
        run("kill", &["-9", &self.primary.pid()]);
        run("kill", &["-CONT", &receiver]);
    }

    /// Has the killed primary's port taken by a listener that accepts nobody, and whose queue is full: whoever connects
    /// gets no answer, as from a machine that is gone.
    pub fn fill_port_of_primary(&self) -> FullPort {
        FullPort::occupy(SocketAddr::from(([127, 0, 0, 1], self.primary.port)))
    }

    /// Freezes the primary, all of its processes (`SIGSTOP`).
    pub fn freeze_primary(&self) {
        self.is_frozen.set(true);
        signal_all("-STOP", &self.primary.pid());
    }

    /// Lets it go on.
    pub fn thaw_primary(&self) {
        self.is_frozen.set(false);
        signal_all("-CONT", &self.primary.pid());
    }

    /// Promotes the standby, which waits for no other from then on.
    pub fn promote(&self) {
        self.standby.sql("ALTER SYSTEM SET synchronous_standby_names = ''");
        self.standby.sql("SELECT pg_reload_conf()");
        assert_eq!(self.standby.sql("SELECT pg_promote()"), "t");
    }
}

impl Drop for PostgresPair {
    fn drop(&mut self) {
        // A frozen server would not end.
        if self.is_frozen.get() {
            self.thaw_primary();
        }
    }
}

/// A port of the loopback address that nobody listens on.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
