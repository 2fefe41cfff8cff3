//! The examples for proxies, looked at by nginx and `HAProxy`, and run in front of an issuer with the example's settings.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use xshell::{Shell, cmd};

use super::curl::{Client, NAME, free_port};
use super::example::copy;
use super::running::Running;
use super::store::Store;
use crate::test_issuers::IssuerProcess;

/// How long a proxy may take to notice what became of the issuer.
const PATIENCE: Duration = Duration::from_mins(1);
/// Requests after which a client that changes what it says of itself would not be stopped any more.
const SPOOFED: usize = 100;

/// A proxy's configuration, made from an example: it runs with other ports and files.
struct Proxy {
    name: &'static str,
    configuration: PathBuf,
    clear: u16,
    tls: u16,
}

/// Makes both, in `folder`, which has the certificate; they forward to this address.
fn proxies(shell: &Shell, folder: &Path, issuer: &str) -> anyhow::Result<[Proxy; 2]> {
    let text = folder.to_str().context("the path of the temporary folder is no text")?;
    let common = [("/etc/tegata/tls", text), ("127.0.0.1:8080", issuer)];
    Ok([nginx(shell, folder, text, common)?, haproxy(shell, folder, common)?])
}

type Replaced<'a> = [(&'a str, &'a str); 2];

fn nginx(shell: &Shell, folder: &Path, text: &str, common: Replaced<'_>) -> anyhow::Result<Proxy> {
    let [clear, tls] = [free_port()?, free_port()?];
    let listen = [
        ("listen 80;", format!("listen 127.0.0.1:{clear};")),
        ("listen [::]:80;", format!("listen [::]:{clear};")),
        ("listen 443 ", format!("listen 127.0.0.1:{tls} ")),
        ("listen [::]:443 ", format!("listen [::]:{tls} ")),
    ];
    let listen = listen.each_ref().map(|(from, to)| (*from, to.as_str()));
    let part = copy(shell, "nginx.conf", folder, &[&common[..], &listen].concat())?;
    let configuration = folder.join("whole.conf");
    let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|what| format!("{what}_temp_path {text}/{what};"))
        .join(" ");
    let whole = format!(
        "daemon off; master_process off; pid {text}/pid; error_log stderr;\nevents {{}}\n\
         http {{ access_log off; {temporary} include {}; }}\n",
        part.display()
    );
    shell.write_file(&configuration, whole)?;
    Ok(Proxy { name: "nginx", configuration, clear, tls })
}

fn haproxy(shell: &Shell, folder: &Path, common: Replaced<'_>) -> anyhow::Result<Proxy> {
    let [clear, tls] = [free_port()?, free_port()?];
    let bind = [
        ("bind *:80\n", format!("bind 127.0.0.1:{clear}\n")),
        ("bind :::80 ", format!("bind :::{clear} ")),
        ("bind *:443 ", format!("bind 127.0.0.1:{tls} ")),
        ("bind :::443 ", format!("bind :::{tls} ")),
    ];
    let bind = bind.each_ref().map(|(from, to)| (*from, to.as_str()));
    let configuration = copy(shell, "haproxy.cfg", folder, &[&common[..], &bind].concat())?;
    Ok(Proxy { name: "haproxy", configuration, clear, tls })
}

impl Proxy {
    /// The program with the arguments that check its configuration.
    fn check(&self, shell: &Shell) -> anyhow::Result<()> {
        let configuration = &self.configuration;
        Ok(match self.name {
            "nginx" => cmd!(shell, "nginx -t -q -c {configuration}").run(),
            _ => cmd!(shell, "haproxy -c -q -f {configuration}").run(),
        }?)
    }

    fn start(&self) -> anyhow::Result<Running> {
        let mut command = Command::new(self.name);
        match self.name {
            "nginx" => command.arg("-c"),
            _ => command.args(["-db", "-f"]),
        };
        command.arg(&self.configuration).stdin(Stdio::null()).stdout(Stdio::null());
        Ok(Running(command.spawn().with_context(|| format!("{} does not start", self.name))?))
    }
}

/// Checks the examples, and what they do in front of `issuer`.
pub(super) fn test(
    shell: &Shell,
    folder: &Path,
    issuer: &IssuerProcess,
    store: &Store,
) -> anyhow::Result<()> {
    let address = issuer.url.strip_prefix("http://").context("the issuer speaks TLS itself")?;
    let (_, port) = address.split_once(':').context("an address without a port")?;
    let port = port.parse()?;
    let proxies = proxies(shell, folder, address)?;
    for proxy in &proxies {
        proxy.check(shell)?;
    }
    let running = proxies.iter().map(Proxy::start).collect::<anyhow::Result<Vec<_>>>()?;
    let certificate = folder.join("certificate.pem");
    for (number, proxy) in proxies.iter().enumerate() {
        let client = |last| Client::new(&certificate, proxy.tls, &format!("127.0.0.{last}"));
        let last = 10 + 10 * number;
        test_one(proxy, &client(last), &client(last + 1))
            .with_context(|| format!("{} in front of the issuer", proxy.name))?;
    }
    let direct = Client::without_tls(port, "127.0.0.30");
    spoof(&direct).context("an issuer whose client is no proxy")?;
    let clients = proxies.each_ref().map(|proxy| Client::new(&certificate, proxy.tls, "127.0.0.1"));
    test_health(&clients, &direct, store)?;
    drop(running);
    Ok(())
}

/// Two clients of a proxy: what passes, what does not, and whose address counts.
fn test_one(proxy: &Proxy, client: &Client, other: &Client) -> anyhow::Result<()> {
    wait_for(|| Ok(client.get("/readyz", &[])?.status == 200)).context("it is never ready")?;
    let page = client.get("/till", &[])?;
    page.expect(200)?;
    anyhow::ensure!(page.version == "2", "HTTP/{} and not 2", page.version);
    anyhow::ensure!(page.header("strict-transport-security").is_some(), "no HSTS");
    for path in ["/metrics", "/dev/mailbox", "/dev/mailbox.json"] {
        client.get(path, &[])?.expect(404)?;
    }
    let long = format!("{{\"code\": \"{}\"}}", "0".repeat(65 * 1024));
    client.post("/v1/tills", &long)?.expect(413)?;

    let clear = Client::without_tls(proxy.clear, "127.0.0.1");
    let redirect = clear.get("/till", &[])?;
    redirect.expect(308)?;
    anyhow::ensure!(
        redirect.header("location") == Some(&format!("https://{NAME}/till")),
        "elsewhere"
    );
    for path in ["/", "/v1/till", "/till/"] {
        clear.get(path, &["Authorization: Bearer secret"])?.expect(403)?;
    }

    let answer = client.get("/v1/till", &["X-Request-Id: chosen-by-the-client"])?;
    let id = answer.header("x-request-id").context("no id of the request")?;
    anyhow::ensure!(id != "chosen-by-the-client" && id.len() >= 32, "{id} is not the proxy's");
    spoof(client)?;
    // Whoever used up its rate was the client, not the proxy.
    other.get("/v1/till", &[])?.expect(401)
}

/// A client that says with each request that it is somebody else is stopped by its rate.
fn spoof(client: &Client) -> anyhow::Result<()> {
    for number in 0..SPOOFED {
        let address = format!("198.51.100.{number}");
        let headers = [format!("X-Forwarded-For: {address}"), format!("Forwarded: for={address}")];
        let headers = headers.each_ref().map(String::as_str);
        match client.get("/v1/till", &headers)?.status {
            429 => return Ok(()),
            401 => {}
            status => anyhow::bail!("HTTP {status}"),
        }
    }
    anyhow::bail!("whoever says that they are somebody else has no limit")
}

/// While the store cannot be written, the issuer says that it is not ready, and `HAProxy` sends it nothing.
fn test_health(through: &[Client; 2], direct: &Client, store: &Store) -> anyhow::Result<()> {
    let [nginx, haproxy] = through;
    let status = |client: &Client, path: &str| anyhow::Ok(client.get(path, &[])?.status);
    store.while_away(|| {
        wait_for(|| Ok(status(haproxy, "/livez")? == 503))
            .context("HAProxy does not look at /readyz")?;
        anyhow::ensure!(status(direct, "/livez")? == 200, "the issuer does not run");
        anyhow::ensure!(status(nginx, "/livez")? == 200, "nginx does not reach the issuer");
        anyhow::ensure!(status(nginx, "/readyz")? == 503, "the issuer says that it is ready");
        Ok(())
    })?;
    wait_for(|| Ok(status(haproxy, "/livez")? == 200)).context("HAProxy stays without an issuer")
}

/// Waits until `is_so`, which may fail before that.
fn wait_for(is_so: impl Fn() -> anyhow::Result<bool>) -> anyhow::Result<()> {
    let began = Instant::now();
    loop {
        match is_so() {
            Ok(true) => return Ok(()),
            Ok(false) if began.elapsed() > PATIENCE => anyhow::bail!("not within {PATIENCE:?}"),
            Err(error) if began.elapsed() > PATIENCE => return Err(error),
            _ => std::thread::sleep(Duration::from_millis(200)),
        }
    }
}
