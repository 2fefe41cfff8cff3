"""What makes a generated request one that the issuer looks at: a device that it knows signs it, a session or a till's token
carries it, and what it names is there.

One request in eight is sent as it was generated, but not the first of a call. What was answered is written down: which call got which status.
"""

import atexit
import base64
import json
import os
import random
import urllib.request
from pathlib import Path

import schemathesis
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

TARGET = json.loads(os.environ["TEGATA_TARGET"])
KEY = serialization.load_der_private_key(bytes.fromhex(TARGET["device"]), None)
POINT = KEY.public_key().public_bytes(
    serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
)
PURPOSES = {
    "/v1/sign-ups": "sign-up",
    "/v1/sign-ups/code": "sign-up-code",
    "/v1/sign-ups/factor": "sign-up-factor",
    "/v1/log-ins": "log-in",
    "/v1/log-ins/code": "log-in-code",
    "/v1/resets": "reset",
    "/v1/resets/proof": "reset-proof",
    "/v1/resets/finish": "reset-finish",
    "/v1/credentials": "provision",
    "/v1/freezes/code": "freeze-code",
    "/v1/freezes/factor": "freeze-factor",
    "/v1/freezes/mailed": "freeze-mailed",
    "/v1/device": "device-status",
    "/v1/device/freeze": "device-freeze",
    "/v1/device/sessions/end": "device-sessions-end",
}
# What a till sends, with its token.
TILLS = {"/v1/till", "/v1/till/card.svg", "/v1/authorisations", "/v1/authorisations/{id}", "/v1/voids"}
# What anybody sends.
ANYONE = {"/v1/tills", "/v1/freezes", "/v1/take-backs", "/v1/challenge"}
# What ends sessions is sent in some that nothing else is sent in.
ENDS = {"/v1/session/end", "/v1/sessions/end", "/v1/devices/forget", "/v1/account/close"}
# What stands for a field's value in half of the requests to a path that begins so.
KNOWN = [
    ("/v1/", "ticket", lambda: random.choice(TARGET["tickets"])),
    ("/v1/", "handle", lambda: f"shopper-{random.randrange(8)}@example.org"),
    ("/v1/", "address", lambda: f"shopper-{random.randrange(8)}@example.org"),
    ("/v1/", "answer_key", lambda: text(os.urandom(32))),
    ("/v1/log-ins", "password", lambda: TARGET["password"]),
    ("/v1/credentials", "request", lambda: text(os.urandom(16))),
    ("/v1/credentials", "key", lambda: text(os.urandom(32))),
    ("/v1/cards", "card", lambda: random.choice(TARGET["cards"])),
    ("/v1/cards/add", "setup", lambda: random.choice(TARGET["setups"])),
    ("/v1/tills", "code", lambda: random.choice(TARGET["enrolments"])),
    ("/v1/authorisations", "code", lambda: random.choice(TARGET["codes"])),
    ("/v1/authorisations", "currency", lambda: "JPY"),
    ("/v1/voids", "reference", lambda: "sale-1"),
]
ANSWERS = {}
ASK = urllib.request.Request(f"{TARGET['url']}/v1/challenge", b"{}", {"Content-Type": "application/json"})
# The clock of the issuer stands still, so that this one stays good.
CHALLENGE = json.load(urllib.request.urlopen(ASK))["challenge"]


def call_of(case) -> str:
    return f"{case.method.upper()} {case.path}"


def text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def signature(purpose: str, body: dict) -> str:
    request = text(os.urandom(16))
    head = "\0".join([f"tegata/v1/{purpose}", CHALLENGE, request, ""])
    signed = KEY.sign(head.encode() + json.dumps(body).encode(), ec.ECDSA(hashes.SHA256()))
    return f"{text(signed)}.{CHALLENGE}.{request}"


@schemathesis.hook
def before_call(context, case, kwargs):
    is_first = not ANSWERS.get(call_of(case))
    if not is_first and random.random() < 1 / 8:
        return
    path, body = case.path, case.body
    case.headers = case.headers or {}
    if isinstance(body, dict):
        for begins, field, value in KNOWN:
            if path.startswith(begins) and field in body and (is_first or random.random() < 0.5):
                body[field] = value()
    # It ends all sessions of an account: of two only, so that the other calls that end sessions find some.
    if path == "/v1/device/sessions/end" and isinstance(body, dict) and "handle" in body:
        body["handle"] = f"shopper-{random.randrange(8, 10)}@example.org"
    if path == "/v1/authorisations/{id}" and (is_first or random.random() < 0.5):
        case.path_parameters["id"] = random.choice(TARGET["authorisations"])
    if path in PURPOSES and isinstance(body, dict):
        if "device" in body:
            body["device"] = text(POINT)
        case.headers["Tegata-Signature"] = signature(PURPOSES[path], body)
    if path in TILLS:
        case.headers["Authorization"] = "Bearer " + TARGET["till"]
    elif path == "/v1/credentials" or path not in PURPOSES.keys() | ANYONE:
        sessions = TARGET["ending" if path in ENDS else "sessions"]
        case.headers["Authorization"] = "Bearer " + random.choice(sessions)
        if path not in PURPOSES and isinstance(body, dict):
            signed = signature(f"session:{path}", body)
            case.headers["Tegata-Signature"] = f"{signed}.{text(POINT)}"


@schemathesis.hook
def after_load_schema(context, schema):
    for path, calls in schema.raw_schema["paths"].items():
        for method in calls.keys() & {"get", "post", "put", "patch", "delete"}:
            ANSWERS[f"{method.upper()} {path}"] = set()


@schemathesis.hook
def after_call(context, case, response):
    call = call_of(case)
    # It tries methods, too, that no call has.
    if call in ANSWERS:
        ANSWERS[call].add(response.status_code)


@atexit.register
def write():
    answers = {call: sorted(statuses) for call, statuses in ANSWERS.items()}
    Path(os.environ["TEGATA_ANSWERS"]).write_text(json.dumps(answers))
