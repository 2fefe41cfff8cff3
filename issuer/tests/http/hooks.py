"""What makes a generated request one that the issuer looks at: a device of our own signs it, or a session carries it.

One request in eight is sent as it was generated.
"""

import base64
import json
import os
import random

import schemathesis
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

TARGET = json.loads(os.environ["TEGATA_TARGET"])
KEY = ec.generate_private_key(ec.SECP256R1())
POINT = KEY.public_key().public_bytes(
    serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
)
PURPOSES = {
    "/v1/sign-ups": "sign-up",
    "/v1/sign-ups/code": "sign-up-code",
    "/v1/sign-ups/factor": "sign-up-factor",
    "/v1/log-ins": "log-in",
    "/v1/resets": "reset",
    "/v1/resets/proof": "reset-proof",
    "/v1/resets/finish": "reset-finish",
}
# What ends the session that it comes in is rarely sent in one that counts.
ENDS = {"/v1/session/end", "/v1/devices/forget", "/v1/account/close"}


def text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@schemathesis.hook
def before_call(context, case, kwargs):
    if random.random() < 1 / 8 or case.method.upper() != "POST":
        return
    path, body = case.path, case.body
    case.headers = case.headers or {}
    if path in PURPOSES and isinstance(body, dict):
        if "device" in body:
            body["device"] = text(POINT)
        if "ticket" in body and random.random() < 0.5:
            body["ticket"] = random.choice(TARGET["tickets"])
        for field in ("handle", "address"):
            if field in body and random.random() < 0.5:
                body[field] = f"shopper-{random.randrange(8)}@example.org"
        raw = json.dumps(body).encode()
        signed = b"tegata/v1/" + PURPOSES[path].encode() + b"\0" + raw
        case.headers["Tegata-Signature"] = text(KEY.sign(signed, ec.ECDSA(hashes.SHA256())))
    elif path not in PURPOSES and (path not in ENDS or random.random() < 1 / 50):
        case.headers["Authorization"] = "Bearer " + random.choice(TARGET["sessions"])
