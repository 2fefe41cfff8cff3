"""The issuer that the scenarios of an account need, a real one on this machine: `cargo xtask test python` starts it."""

import json
import os
import re
import time
import urllib.error
import urllib.request
import uuid

from tegata import IssuerResponse


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


CLIENT = urllib.request.build_opener(urllib.request.ProxyHandler({}), NoRedirect)
ENVIRONMENT = {"running": "TEGATA_TEST_ISSUER", "stopped": "TEGATA_TEST_ISSUER_STOPPED"}


class Issuer:
    """The HTTP client of an app, and what a test asks of a till and of the mailbox."""

    def __init__(self):
        self.says = None
        self.last = None
        self._name = "running"

    def named(self, name):
        self._name = name

    @property
    def url(self):
        return os.environ[ENVIRONMENT[self._name]]

    def send(self, request):
        headers = sorted(request.headers)
        path = "/" + request.url.split("/", 3)[3]
        self.last = {"method": request.method, "path": path, "headers": headers}
        assert not any(part in str(request) + repr(request) for part in request.headers.values() if len(part) > 20)
        if self.says is not None:
            said, self.says = self.says, None
            return said
        asked = urllib.request.Request(request.url, request.body, request.headers, method=request.method)
        try:
            answer = CLIENT.open(asked, timeout=40)
        except urllib.error.HTTPError as no:
            answer = no
        with answer:
            return IssuerResponse(
                status=answer.status,
                body=answer.read(),
                retry_after=answer.headers.get("Retry-After"),
                challenge=answer.headers.get("Tegata-Challenge"),
            )

    def card_form(self, card):
        """The sandbox's card form, in which the holder enters this test card."""
        return SandboxForm(f"{self.url}/dev/card-form", card)

    def till_shows(self):
        """Gives the card of a till of the running issuer."""
        return as_till("GET", "/v1/till")["card"]

    def till_takes(self, code, amount):
        """Authorises this code at the till, and gives the result once it is known."""
        sale = {"code": code, "amount": amount, "currency": "JPY", "reference": uuid.uuid4().hex}
        payment = as_till("POST", "/v1/authorisations", sale)
        for _ in range(600):
            if payment["status"] != "pending":
                return payment | {"reference": sale["reference"]}
            time.sleep(0.05)
            payment = as_till("GET", f"/v1/authorisations/{payment['id']}")
        raise AssertionError("the payment stays pending")

    def code(self, to, subject):
        """Waits for such a mail, and gives the code that stands alone in a line of the newest."""
        for _ in range(600):
            with CLIENT.open(os.environ["TEGATA_TEST_MAILBOX"], timeout=40) as page:
                mails = json.load(page)["mails"]
            for mail in mails:
                if mail["to"] == to and subject in mail["subject"]:
                    return re.search(r"^\s*([0-9A-Z-]{8,})\s*$", mail["body"], re.MULTILINE)[1]
            time.sleep(0.05)
        raise AssertionError(f"no mail with this subject arrived: {subject}")


class SandboxForm:
    """The sandbox's card form, filled in with one card."""

    def __init__(self, url, card):
        self._url = url
        self._card = card

    def register(self, setup):
        entry = json.dumps({"client_secret": setup.reveal_client_secret(), "card": self._card}).encode()
        form = urllib.request.Request(self._url, entry, {"Content-Type": "application/json"})
        with CLIENT.open(form, timeout=40) as answer:
            assert answer.status == 200


def as_till(method, path, sale=None):
    headers = {"Authorization": f"Bearer {os.environ['TEGATA_TEST_TILL']}"}
    if sale is not None:
        headers |= {"Content-Type": "application/json", "Idempotency-Key": sale["reference"]}
    body = None if sale is None else json.dumps(sale).encode()
    asked = urllib.request.Request(os.environ["TEGATA_TEST_ISSUER"] + path, body, headers, method=method)
    with CLIENT.open(asked, timeout=40) as answer:
        return json.load(answer)
