"""A keystore in memory, written as a host would."""

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tegata import Keystore, KeystoreError


class SoftwareKeystore(Keystore):
    """AES-GCM, HMAC-SHA256 and P-256."""

    def __init__(self):
        self._id = os.urandom(8)
        self._aead = AESGCM(AESGCM.generate_key(256))
        self._prf_key = os.urandom(32)
        self._signing = ec.generate_private_key(ec.SECP256R1())

    def wrap(self, plaintext):
        nonce = os.urandom(12)
        return self._id + nonce + self._aead.encrypt(nonce, plaintext, self._id)

    def unwrap(self, wrapped):
        if wrapped[:8] != self._id:
            raise KeystoreError.WrongDevice()
        try:
            return self._aead.decrypt(wrapped[8:20], wrapped[20:], self._id)
        except InvalidTag:
            raise KeystoreError.Damaged() from None

    def prf(self, input):
        keyed = hmac.HMAC(self._prf_key, hashes.SHA256())
        keyed.update(input)
        return keyed.finalize()

    def public_key(self):
        return self._signing.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    def sign(self, message):
        return self._signing.sign(message, ec.ECDSA(hashes.SHA256()))

    def replace_signing_key(self):
        self._signing = ec.generate_private_key(ec.SECP256R1())
