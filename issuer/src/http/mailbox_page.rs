//! The mails in memory as a page, for whoever develops on this machine: it is there only if mail goes nowhere else, and
//! for nobody but this machine.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::middleware::{Next, from_fn};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Json};
use base64ct::{Base64, Encoding};
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};

use crate::http::client_address::Peer;
use crate::http::problem::Problem;
use crate::http::router::Routes;
use crate::mail::Mailbox;
use crate::mail::OutgoingEmail;

/// Its routes, which no description names.
pub(crate) fn routes(mailbox: Arc<Mailbox>) -> Routes {
    Routes::new()
        .route("/dev/mailbox", get(as_html))
        .route("/dev/mailbox.json", get(as_json))
        .layer(Extension(mailbox))
        .layer(from_fn(from_here_only))
}

/// Lets in who is on this machine, spoke to us without anybody between, and called us by a name of this machine: a
/// site's name that was made to point here is not one.
async fn from_here_only(request: Request, next: Next) -> Result<Response, Problem> {
    let peer = request.extensions().get::<Peer>();
    let is_here = peer.is_some_and(|peer| peer.0.ip().to_canonical().is_loopback());
    let headers = request.headers();
    let forwarded = ["forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip"];
    let is_forwarded = forwarded.iter().any(|name| headers.contains_key(*name));
    if !is_here || is_forwarded || !names_this_machine(headers) {
        return Err(Problem::NotFound);
    }
    Ok(next.run(request).await)
}

fn names_this_machine(headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let host: Option<axum::http::uri::Authority> = host.and_then(|host| host.parse().ok());
    host.is_some_and(|host| {
        let name = host.host().trim_matches(['[', ']']);
        let address = name.parse::<std::net::IpAddr>();
        name == "localhost" || address.is_ok_and(|address| address.is_loopback())
    })
}

async fn as_json(Extension(mailbox): Extension<Arc<Mailbox>>) -> Json<Value> {
    let mails = mailbox.mails();
    let mail = |mail: &OutgoingEmail| {
        json!({
            "id": mail.id.to_string(),
            "made": mail.made,
            "to": mail.to,
            "subject": mail.subject,
            "body": mail.body,
        })
    };
    Json(json!({ "mails": mails.iter().rev().map(mail).collect::<Vec<_>>() }))
}

const STYLE: &str = "
:root { color-scheme: light dark; font: 16px/1.6 system-ui, sans-serif; }
body { max-width: 46rem; margin: 2rem auto; padding: 0 1rem; }
article { border: 1px solid #8886; border-radius: .5rem; padding: .25rem 1.25rem; margin: 1rem 0; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin: .75rem 0 0; overflow-wrap: anywhere; }
p { margin: .25rem 0; opacity: .75; overflow-wrap: anywhere; }
pre { font: inherit; white-space: pre-wrap; overflow-wrap: anywhere; }
";

async fn as_html(
    Extension(mailbox): Extension<Arc<Mailbox>>,
) -> Result<impl IntoResponse, Problem> {
    // No script, no picture, no form, and no style but this one.
    let style = Base64::encode_string(digest(&SHA256, STYLE.as_bytes()).as_ref());
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{style}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    let policy = HeaderValue::from_str(&policy)
        .map_err(|error| Problem::internal("writing a policy", &error))?;
    let written = html(&mailbox.mails());
    let written = written.map_err(|error| Problem::internal("writing a page", &error))?;
    Ok(([(header::CONTENT_SECURITY_POLICY, policy)], Html(written)))
}

fn html(mails: &[OutgoingEmail]) -> Result<String, std::fmt::Error> {
    let mut page = String::new();
    write!(
        page,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>Mailbox</title>\
         <meta name=\"viewport\" content=\"width=device-width\"><style>{STYLE}</style></head>\n<body>\n\
         <h1>Mailbox for development</h1>\n\
         <p>Mails are not sent but shown here, newest first, from memory. Reload to see new ones.</p>\n"
    )?;
    if mails.is_empty() {
        writeln!(page, "<p>No mails yet.</p>")?;
    }
    for mail in mails.iter().rev() {
        let OutgoingEmail { id, made, to, subject, body } = mail;
        let subject = escaped(subject);
        let to = escaped(to.address());
        let body = escaped(body);
        writeln!(
            page,
            "<article id=\"{id}\">\n<h2 dir=\"auto\">{subject}</h2>\n<p>To {to}, at {} (Unix time)</p>\n\
             <pre dir=\"auto\">{body}</pre>\n</article>",
            made.seconds()
        )?;
    }
    page.push_str("</body>\n</html>\n");
    Ok(page)
}

/// As text of HTML, within an element or a quoted attribute.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use tegata::UnixTime;

    use super::*;
    use crate::domain::MailId;

    fn mail(number: u8, body: &str) -> OutgoingEmail {
        OutgoingEmail {
            id: MailId([number; 16]),
            made: UnixTime::new(1_700_000_000).unwrap(),
            to: "hanako@example.org".parse().unwrap(),
            subject: format!("subject {number} <b>"),
            body: body.to_owned(),
        }
    }

    #[test]
    fn what_a_mail_says_is_text_and_the_newest_stands_first() {
        let page = html(&[mail(1, "<script>alert('&')</script>"), mail(2, "二")]).unwrap();
        assert!(!page.contains("<script") && !page.contains("<b>"), "{page}");
        assert!(page.contains("&lt;script&gt;alert(&#39;&amp;&#39;)&lt;/script&gt;"), "{page}");
        assert!(page.find("subject 2").unwrap() < page.find("subject 1").unwrap());
        assert!(html(&[]).unwrap().contains("No mails yet"));
    }

    #[test]
    fn only_names_of_this_machine_are_taken() {
        let named = |host: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, HeaderValue::from_static(host));
            names_this_machine(&headers)
        };
        for here in ["localhost:8080", "127.0.0.1", "[::1]:8080"] {
            assert!(named(here), "{here}");
        }
        for elsewhere in ["rebound.example", "127.0.0.1.rebound.example:8080", "192.0.2.1", ""] {
            assert!(!named(elsewhere), "{elsewhere}");
        }
        assert!(!names_this_machine(&HeaderMap::new()));
    }
}
