"""Mail of a running issuer to a server that is not ours: aiosmtpd, over real sockets."""

import base64
import datetime
import email
import email.policy
import ipaddress
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import time
import urllib.request

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

BINARY = os.environ["TEGATA"]
FROM = "Tegata商店 <no-reply@shop.example>"


class Server:
    """A server of mail that keeps what it takes, and refuses first with the answers it was given."""

    def __init__(self, refuse=(), port=None, host="127.0.0.1", **settings):
        self.mails, self.tries, self.refuse = [], 0, list(refuse)
        self.host, self.settings = host, settings
        self.port = port or free_port()
        self.controller = None

    def __enter__(self):
        self.controller = Controller(self, hostname=self.host, port=self.port, **self.settings)
        self.controller.start()
        return self

    def __exit__(self, *_):
        self.controller.stop()

    async def handle_RCPT(self, server, session, envelope, address, options):
        self.tries += 1
        if self.refuse:
            return self.refuse.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        self.mails.append((envelope.rcpt_tos, envelope.content))
        return "250 OK"

    def one(self):
        wait_for(lambda: self.mails)
        to, content = self.mails.pop(0)
        return to, email.message_from_bytes(content, policy=email.policy.default)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(condition):
    """Until it holds. The limit is for what never will: no test depends on how long it takes."""
    limit = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < limit, "it never came"
        time.sleep(0.05)


class Issuer:
    """The issuer as a process, in a folder that stays when it is killed."""

    def __init__(self, folder, mail, **settings):
        self.folder = folder
        self.environment = dict(os.environ)
        settings = {"mail": mail, "mail_from": FROM} | settings
        for name, value in settings.items():
            self.environment[name if name.isupper() else f"TEGATA_ISSUER_{name.upper()}"] = value
        self.log = open(folder / "log", "a+b")

    def __enter__(self):
        command = [BINARY, "issuer", "serve", "--development", "--listen", "127.0.0.1:0", "--json"]
        self.process = subprocess.Popen(
            command, cwd=self.folder, env=self.environment, stdout=subprocess.PIPE, stderr=self.log
        )
        line = self.process.stdout.readline().decode()
        assert line, self.said()
        started = json.loads(line)
        self.url = started["url"]
        self.internal_url = started["internal_url"]
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.process.stdout.close()

    def said(self):
        return (self.folder / "log").read_text()

    def metric(self, name):
        text = urllib.request.urlopen(f"{self.internal_url}/metrics").read().decode()
        return float(re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)[1])

    def sign_up(self, address, language="Ja"):
        """Begins one, which is a mail: a message that the device signs (docs/issuer.md, /openapi.json)."""
        key = ec.generate_private_key(ec.SECP256R1())
        public = key.public_key().public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )
        body = json.dumps(
            {
                "address": address,
                "language": language.lower(),
                "device": text_of(public),
                "device_name": "花子の電話",
            }
        ).encode()
        headers = {"Content-Type": "application/json"}
        ask = urllib.request.Request(f"{self.url}/v1/challenge", b"{}", headers)
        challenge = json.load(urllib.request.urlopen(ask))["challenge"]
        number = text_of(os.urandom(16))
        signed = f"tegata/v1/sign-up\0{challenge}\0{number}\0".encode() + body
        signature = key.sign(signed, ec.ECDSA(hashes.SHA256()))
        headers["Tegata-Signature"] = f"{text_of(signature)}.{challenge}.{number}"
        request = urllib.request.Request(f"{self.url}/v1/sign-ups", body, headers)
        assert "ticket" in json.load(urllib.request.urlopen(request))


def text_of(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@pytest.mark.parametrize(
    ("language", "subject", "says"),
    [
        ("Ja", "確認コード", "次の確認コードをアプリに入力してください。"),
        ("En", "Your verification code", "We will never ask you for this code."),
    ],
)
def test_a_mail_arrives_whole(tmp_path, language, subject, says):
    with Server() as server, Issuer(tmp_path, f"smtp://127.0.0.1:{server.port}") as issuer:
        issuer.sign_up("hanako@example.org", language)
        to, mail = server.one()
        assert to == ["hanako@example.org"] == [mail["To"]]
        assert mail["From"] == FROM
        assert mail["Subject"] == subject
        assert mail["Auto-Submitted"] == "auto-generated"
        assert re.fullmatch(r"<[0-9a-f]{32}@shop\.example>", mail["Message-ID"])
        now = datetime.datetime.now(datetime.timezone.utc)
        assert abs(mail["Date"].datetime - now) < datetime.timedelta(hours=1)
        assert mail.get_content_type() == "text/plain" and not mail.is_multipart()
        body = mail.get_content()
        assert says in body and re.search(r"^    \d{8}\r?$", body, re.MULTILINE)
        assert "http" not in body
        until = re.search(r"(\d{4}-\d\d-\d\d \d\d:\d\d) \(UTC\+09:00\)", body)[1]
        japan = datetime.timezone(datetime.timedelta(hours=9))
        until = datetime.datetime.strptime(until, "%Y-%m-%d %H:%M").replace(tzinfo=japan)
        life = until - mail["Date"].datetime
        assert datetime.timedelta(minutes=14) <= life <= datetime.timedelta(minutes=15)
        wait_for(lambda: issuer.metric("tegata_outbox_mails") == 0)


def test_a_server_that_refuses_twice_for_now_is_asked_a_third_time(tmp_path):
    refuse = ["451 later, hanako@example.org", "421 later"]
    with Server(refuse) as server, Issuer(tmp_path, f"smtp://127.0.0.1:{server.port}") as issuer:
        issuer.sign_up("hanako@example.org")
        server.one()
        assert server.tries == 3
        said = issuer.said()
        assert "answered 451" in said and "answered 421" in said
        assert "hanako" not in said


@pytest.mark.parametrize(
    "answer",
    [
        "550 no such mailbox: nobody@example.org",
        "550 5.1.1 <nobody@example.org>: Recipient address rejected: User unknown",
        "550-5.1.1 The email account nobody@example.org\r\n550 5.1.1 does not exist",
        "550 5.2.1 disabled",
        "552 5.2.2 full",
        "550 sorry, no mailbox here by that name (#5.1.1)",
        "556 5.1.10 null MX",
    ],
)
def test_a_mail_whose_recipient_is_refused_is_given_up(tmp_path, answer):
    with Server([answer]) as server, Issuer(tmp_path, f"smtp://127.0.0.1:{server.port}") as issuer:
        issuer.sign_up("nobody@example.org")
        wait_for(lambda: "mail abandoned" in issuer.said())
        issuer.sign_up("hanako@example.org")
        assert server.one()[0] == ["hanako@example.org"]
        wait_for(lambda: issuer.metric("tegata_outbox_mails") == 0)
        assert server.tries == 2 and not server.mails
        assert f"answered {answer[:3]}" in issuer.said() and "nobody" not in issuer.said()
        assert issuer.metric('tegata_mails_given_up_total{reason="recipient"}') == 1


@pytest.mark.parametrize(
    "answer",
    [
        "554 5.7.1 <hanako@example.org>: Relay access denied",
        "550 5.7.60 SMTP; Client does not have permissions to send as this sender",
        "550 5.4.5 Daily user sending limit exceeded",
        "550 5.1.8 <no-reply@shop.example>: Sender address rejected",
        "550 5.7.26 Unauthenticated email from shop.example is not accepted",
        "550 relay not permitted",
        "553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)",
        "554 Transaction failed",
        "530 5.7.0 Authentication required",
    ],
)
def test_a_refusal_that_is_about_us_waits_and_is_told(tmp_path, answer):
    with Server([answer]) as server, Issuer(tmp_path, f"smtp://127.0.0.1:{server.port}") as issuer:
        issuer.sign_up("hanako@example.org")
        assert server.one()[0] == ["hanako@example.org"]
        said = issuer.said()
        assert "ERROR" in said and "refuses mail" in said and f"answered {answer[:3]}" in said
        assert "abandoned" not in said and "hanako" not in said
        assert issuer.metric('tegata_mail_failures_total{reason="refused"}') == 1


@pytest.mark.parametrize("command", ["handle_MAIL", "handle_DATA"])
def test_only_an_answer_to_the_recipient_can_be_final(tmp_path, command):
    class Unwilling(Server):
        """Refuses once, and not the recipient."""

    refuse = ["550 no such mailbox"]

    async def handle(self, *arguments):
        if refuse:
            return refuse.pop()
        if command == "handle_DATA":
            return await Server.handle_DATA(self, *arguments)
        arguments[2].mail_from = arguments[3]
        return "250 OK"

    setattr(Unwilling, command, handle)
    with Unwilling() as server, Issuer(tmp_path, f"smtp://127.0.0.1:{server.port}") as issuer:
        issuer.sign_up("hanako@example.org")
        assert server.one()[0] == ["hanako@example.org"]
        assert not refuse and "abandoned" not in issuer.said()


def test_an_old_address_of_a_phone_is_sent_quoted(tmp_path):
    with Server() as server, Issuer(tmp_path, f"smtp://127.0.0.1:{server.port}") as issuer:
        for address in ["taro..yamada@docomo.ne.jp", "taro.@ezweb.ne.jp"]:
            local, domain = address.split("@")
            issuer.sign_up(address)
            to, mail = server.one()
            # The receiver's library takes the quotes off, of the recipient and of the header.
            assert to == [address] and f'To: "{local}"@{domain}' in mail.as_string()
        issuer.sign_up(" hanako＠example.org ")
        assert server.one()[0] == ["hanako@example.org"]


def test_a_server_that_was_down_gets_the_mail_when_it_is_up(tmp_path):
    port = free_port()
    with Issuer(tmp_path, f"smtp://127.0.0.1:{port}") as issuer:
        issuer.sign_up("hanako@example.org")
        wait_for(lambda: "the mail server refused the connection" in issuer.said())
        wait_for(lambda: issuer.metric("tegata_outbox_mails") == 1)
        assert issuer.metric("tegata_mail_server_unavailable") == 1
        with Server(port=port) as server:
            assert server.one()[0] == ["hanako@example.org"]
            wait_for(lambda: issuer.metric("tegata_mail_server_unavailable") == 0)


def test_a_mail_that_was_committed_goes_out_after_a_kill(tmp_path):
    port = free_port()
    with Issuer(tmp_path, f"smtp://127.0.0.1:{port}") as issuer:
        issuer.sign_up("hanako@example.org")
        # kill -9, with the mail in the outbox and nobody to take it.
    with Server(port=port) as server, Issuer(tmp_path, f"smtp://127.0.0.1:{port}"):
        assert server.one()[0] == ["hanako@example.org"]


def test_a_mail_sent_twice_is_the_same_mail(tmp_path):
    class Forgetful(Server):
        """Takes the mail and does not say so the first time."""

        async def handle_DATA(self, server, session, envelope):
            await super().handle_DATA(server, session, envelope)
            return "451 who knows" if len(self.mails) == 1 else "250 OK"

    with Forgetful() as server, Issuer(tmp_path, f"smtp://127.0.0.1:{server.port}") as issuer:
        issuer.sign_up("hanako@example.org")
        wait_for(lambda: len(server.mails) == 2)
        first, second = (server.one()[1] for _ in range(2))
        assert first["Message-ID"] == second["Message-ID"]
        assert first.as_bytes() == second.as_bytes()


class Ending(Server):
    """Ends the connection of the second mail, when its command or its whole text has come, and once."""

    def __init__(self, ends_at):
        super().__init__()
        self.ends_at, self.begun, self.has_ended = ends_at, 0, False

    def ends(self, server, place):
        if self.has_ended or place != self.ends_at or self.begun < 2:
            return False
        self.has_ended = True
        server.transport.abort()
        return True

    async def handle_MAIL(self, server, session, envelope, address, options):
        self.begun += 1
        self.ends(server, "MAIL")
        envelope.mail_from = address
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        answer = await super().handle_DATA(server, session, envelope)
        self.ends(server, "DATA")
        return answer


def test_a_kept_connection_that_ends_before_the_mail_sends_it_once(tmp_path):
    with Ending("MAIL") as server, Issuer(tmp_path, f"smtp://127.0.0.1:{server.port}") as issuer:
        issuer.sign_up("hanako@example.org")
        server.one()
        issuer.sign_up("taro@example.org")
        assert server.one()[0] == ["taro@example.org"]
        wait_for(lambda: issuer.metric("tegata_outbox_mails") == 0)
        # On a connection of its own and at once: nothing of it was sent before.
        assert server.has_ended and server.begun == 3 and not server.mails
        assert "postponed" not in issuer.said()


def test_a_mail_that_the_server_may_have_is_in_doubt_and_the_same_again(tmp_path):
    with Ending("DATA") as server, Issuer(tmp_path, f"smtp://127.0.0.1:{server.port}") as issuer:
        issuer.sign_up("hanako@example.org")
        server.one()
        issuer.sign_up("taro@example.org")
        wait_for(lambda: server.has_ended and len(server.mails) == 2)
        (to, first), (again, second) = (server.one() for _ in range(2))
        assert to == again == ["taro@example.org"]
        assert first["Message-ID"] == second["Message-ID"]
        assert first.as_bytes() == second.as_bytes()
        # Not sent again at once: it waited, and the log says why.
        said = issuer.said()
        assert "may have been accepted" in said and "postponed" in said and "taro" not in said
        assert issuer.metric('tegata_mail_failures_total{reason="in_doubt"}') == 1
        wait_for(lambda: issuer.metric("tegata_outbox_mails") == 0)
        assert server.begun == 3 and not server.mails


def certificate(folder, address):
    """One for this address, signed by itself, and what a server and a client need of it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "mail")])
    now = datetime.datetime.now(datetime.timezone.utc)
    day = datetime.timedelta(days=1)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - day)
        .not_valid_after(now + day)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))]), False
        )
        .sign(key, hashes.SHA256())
    )
    pem = folder / "cert.pem"
    pem.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private = folder / "key.pem"
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem, private)
    return context, str(pem)


# The kernel takes 0.0.0.0 for this machine; for the issuer it is not loopback, so that it asks for TLS.
ANYWHERE = "0.0.0.0"


def log_in(server, session, envelope, mechanism, data):
    is_right = (data.login, data.password) == (b"tegata", b"CANARY-password")
    return AuthResult(success=is_right, handled=False)


def test_with_starttls_and_a_password_a_mail_goes_to_another_machine(tmp_path):
    context, pem = certificate(tmp_path, ANYWHERE)
    (tmp_path / "password").write_text("CANARY-password\n")
    (tmp_path / "password").chmod(0o600)
    server = Server(
        host=ANYWHERE,
        tls_context=context,
        require_starttls=True,
        authenticator=log_in,
        auth_required=True,
    )
    settings = {"mail_user": "tegata", "mail_password_file": "password", "SSL_CERT_FILE": pem}
    with server, Issuer(tmp_path, f"smtp://{ANYWHERE}:{server.port}", **settings) as issuer:
        issuer.sign_up("hanako@example.org")
        server.one()
        assert "CANARY" not in issuer.said()


def test_a_wrong_password_is_said_and_no_mail_is_given_up_for_it(tmp_path):
    context, pem = certificate(tmp_path, "127.0.0.1")
    server = Server(
        host="127.0.0.1", ssl_context=context, authenticator=log_in, auth_require_tls=False
    )
    settings = {"mail_user": "tegata", "SSL_CERT_FILE": pem}
    url = f"smtps://127.0.0.1:{server.port}"
    with server:
        with Issuer(tmp_path, url, mail_password="wrong", **settings) as issuer:
            issuer.sign_up("hanako@example.org")
            wait_for(lambda: "answered 535" in issuer.said())
        with Issuer(tmp_path, url, mail_password="CANARY-password", **settings):
            assert server.one()[0] == ["hanako@example.org"]


def test_without_tls_or_with_a_stranger_s_certificate_nothing_is_sent_to_another_machine(tmp_path):
    plain = Server(host=ANYWHERE)
    with plain, Issuer(tmp_path, f"smtp://{ANYWHERE}:{plain.port}") as issuer:
        issuer.sign_up("hanako@example.org")
        wait_for(lambda: "mail not delivered" in issuer.said())
        assert plain.tries == 0
    folder = tmp_path / "stranger"
    folder.mkdir()
    context, _ = certificate(folder, ANYWHERE)
    stranger = Server(host=ANYWHERE, tls_context=context)
    with stranger, Issuer(folder, f"smtp://{ANYWHERE}:{stranger.port}") as issuer:
        issuer.sign_up("hanako@example.org")
        wait_for(lambda: "mail not delivered" in issuer.said())
        assert stranger.tries == 0


def test_an_untrusted_certificate_is_named_as_one(tmp_path):
    context, _ = certificate(tmp_path, "127.0.0.1")
    with Server(ssl_context=context) as server:
        with Issuer(tmp_path, f"smtps://127.0.0.1:{server.port}") as issuer:
            issuer.sign_up("hanako@example.org")
            wait_for(lambda: "the mail server's certificate is not trusted" in issuer.said())


def test_a_server_without_log_in_is_named_as_one(tmp_path):
    settings = {"mail_user": "tegata", "mail_password": "CANARY-password"}
    with Server() as server:
        with Issuer(tmp_path, f"smtp://127.0.0.1:{server.port}", **settings) as issuer:
            issuer.sign_up("hanako@example.org")
            wait_for(lambda: "offers no log-in (AUTH)" in issuer.said())
            assert server.tries == 0 and "CANARY" not in issuer.said()


def test_starttls_is_used_on_this_machine_where_it_is_offered(tmp_path):
    context, _ = certificate(tmp_path, "127.0.0.1")
    server = Server(tls_context=context, require_starttls=True)
    with server, Issuer(tmp_path, f"smtp://localhost:{server.port}") as issuer:
        issuer.sign_up("hanako@example.org")
        assert server.one()[0] == ["hanako@example.org"]


def test_a_sender_of_an_international_domain_is_sent_in_ascii(tmp_path):
    with Server() as server:
        settings = {"mail_from": "no-reply@例え.jp"}
        with Issuer(tmp_path, f"smtp://127.0.0.1:{server.port}", **settings) as issuer:
            issuer.sign_up("hanako@example.org")
            _, mail = server.one()
            assert mail["From"] == "no-reply@xn--r8jz45g.jp"
