"""Opens a vault of format 1 and gives its records as JSON. Written from docs/vault-format.md alone, for whoever wants
to read a vault without Tegata, or to write a reader of their own. What it prints is the owner's secrets in clear.

    python vault_reader.py VAULT KEYSTORE     (asks for the passphrase, or takes it from a pipe)

Give it a copy if nothing may change: SQLite moves what a `-wal` holds into the file, as for any program that opens it.
"""

import getpass
import hashlib
import hmac
import json
import pathlib
import re
import sqlite3
import struct
import sys
import unicodedata

import cbor2
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import load_der_private_key


class Refused(Exception):
    """The file is damaged, was tampered with, or is in use."""


class Newer(Refused):
    """A later version of Tegata wrote the file."""


class RolledBack(Refused):
    """The file is whole, and not the one that was anchored last."""


class WrongPassphrase(Refused):
    """The keystore's file is whole, and this passphrase does not open it."""


class WrongKeystore(Refused):
    """The vault was made with another keystore."""


def check(holds, otherwise):
    if not holds:
        raise Refused(otherwise)


def be32(number):
    return number.to_bytes(4, "big")


def be64(number):
    return number.to_bytes(8, "big")


def forms(typed, normal):
    """What a person typed in its one form, and as an earlier version took it."""
    try:
        return list(dict.fromkeys([normal(typed.decode()).encode(), typed]))
    except UnicodeDecodeError:
        return [typed]


# Hyphens, and what cannot be seen.
GAPS = "-\xad\u2060\u2212\u30fc\ufe58\ufe63\ufeff\uff0d\uff70" + "".join(map(chr, range(0x200B, 0x2016)))


def plain_digits(pin):
    return "".join(str(unicodedata.decimal(it, it)) for it in pin if not it.isspace() and it not in GAPS)


def hkdf(ikm, info, salt=None):
    return HKDF(SHA256(), 32, salt, info).derive(ikm)


def argon2id(password, salt, memory, passes, lanes):
    fits = 1 <= lanes <= 16 and 1 <= passes <= 16 and 8 * lanes <= memory <= 1 << 20
    check(fits, "Argon2id parameters out of range")
    return Argon2id(salt=salt, length=32, iterations=passes, lanes=lanes, memory_cost=memory).derive(password)


def unseal(key, aad, sealed, what):
    try:
        return AESGCM(key).decrypt(bytes(12), sealed, aad)
    except InvalidTag:
        raise Refused(f"{what}: the tag does not fit") from None


class Keystore:
    """The software keystore, opened."""

    def __init__(self, file, passphrase):
        check(file[:15] == b"tegata-keystore" and len(file) > 15, "not a keystore's file")
        if file[15] > 1:
            raise Newer("a later version wrote the keystore's file")
        check(file[15] == 1 and hashlib.sha256(file[:-32]).digest() == file[-32:], "keystore's file: checksum")
        check(len(file) > 60 + 64 + 16 + 32, "keystore's file: too short")
        self.id = file[16:32]
        text = None
        for form in forms(passphrase, lambda typed: unicodedata.normalize("NFKC", typed)):
            stretched = argon2id(form, file[44:60], *struct.unpack(">3I", file[32:44]))
            try:
                text = text or unseal(hkdf(stretched, b"tegata/v1/keystore"), file[:60], file[60:-32], "keystore")
            except Refused:
                continue
        if text is None:
            raise WrongPassphrase("the passphrase is wrong")
        self.wrap_key, self.prf_key = text[:32], text[32:64]
        try:
            curve = load_der_private_key(text[64:], None).curve.name
        except (AttributeError, ValueError):
            curve = None
        check(curve == "secp256r1", "keystore: the signing key")

    def unwrap(self, wrapped):
        check(len(wrapped) >= 33 and wrapped[0] == 1, "shape of a wrapped key")
        if wrapped[1:17] != self.id:
            raise WrongKeystore("the vault was made with another keystore")
        return unseal(hkdf(self.wrap_key, b"tegata/v1/wrap", wrapped[17:33]), wrapped[:17], wrapped[33:], "dek")

    def prf(self, data):
        return hmac.digest(self.prf_key, data, "sha256")


SCHEMA = {
    ("table", "dek", "dek", "CREATE TABLE dek (generation INTEGER PRIMARY KEY, wrapped BLOB)"),
    ("table", "meta", "meta", "CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB)"),
    ("index", "sqlite_autoindex_meta_1", "meta", None),
    ("table", "record", "record", "CREATE TABLE record (id BLOB PRIMARY KEY, rev INTEGER, sealed BLOB) WITHOUT ROWID"),
}
MANIFEST = bytes(16)


def read_rows(path):
    """Steps 1 to 3: vault id, wrapped DEKs by generation, (rev, sealed) by record id."""
    check(not pathlib.Path(f"{path}-journal").exists(), "a rollback journal lies beside the vault")
    with open(path, "rb") as file:
        header = file.read(20)
    check(header[:16] == b"SQLite format 3\0" and header[18:] == b"\2\2", "not a database in WAL mode")
    try:
        db = sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, isolation_level=None, timeout=0)
        try:
            # Alone or not at all; it also keeps SQLite from making a file of shared memory.
            db.execute("PRAGMA locking_mode = EXCLUSIVE")
            db.execute("PRAGMA query_only = ON")
            db.execute("PRAGMA trusted_schema = OFF")
            versions = db.execute("SELECT value FROM meta WHERE name = 'format'").fetchall()
            version = versions[0][0] if len(versions) == 1 else None
            check(type(version) is bytes and len(version) == 4, "no format number")
            if version > be32(1):
                raise Newer("a later version wrote the vault")
            check(version == be32(1), "no such format")
            schema = db.execute("SELECT type, name, tbl_name, sql FROM sqlite_master").fetchall()
            check(len(schema) == len(SCHEMA) and set(schema) == SCHEMA, "another schema")
            meta, dek, record = (db.execute(f"SELECT * FROM {name}").fetchall() for name in ("meta", "dek", "record"))
        finally:
            db.close()
    except sqlite3.Error as error:
        raise Refused(f"SQLite: {error}") from None
    vault_id = dict(meta).get("vault_id")
    check(len(meta) == 2 and type(vault_id) is bytes and len(vault_id) == 16, "rows of meta")
    check(1 <= len(dek) <= 2, "number of deks")
    for generation, wrapped in dek:
        check(1 <= generation < 1 << 32 and type(wrapped) is bytes and len(wrapped) <= 4096, "rows of dek")
    for id, rev, sealed in record:
        check(type(id) is type(sealed) is bytes and len(id) == 16, "types in record")
        check(type(rev) is int and 1 <= rev < 1 << 63, "range of rev")
    return vault_id, dict(dek), {id: (rev, sealed) for id, rev, sealed in record}


def open_record(dek, vault_id, id, rev, sealed):
    """The data of one record, its key and its place proved by the tag."""
    key = hkdf(dek, b"tegata/v1/record" + id + be64(rev), sealed[5:21])
    plaintext = unseal(key, b"tegata/v1" + sealed[:5] + vault_id + id + be64(rev), sealed[21:], f"record {id.hex()}")
    length = int.from_bytes(plaintext[:4], "big")
    data, padding = plaintext[4 : 4 + length], plaintext[4 + length :]
    check(len(data) == length <= 65536 and len(padding) < 64 and not any(padding), "padding of a record")
    return data


def manifest_entry(lowest_dek, id, rev, sealed):
    key = hkdf(lowest_dek, b"tegata/v1/manifest")
    return hmac.digest(key, id + be64(rev) + sealed[1:5] + sealed[5:21] + sealed[-16:], "sha256")


def anchored_epoch(anchor, vault_id):
    """The epoch that an anchor's file holds of this vault."""
    check(not anchor or len(anchor) == 42 and anchor[:14] == b"tegata-anchor\1", "shape of an anchor")
    return int.from_bytes(anchor[30:38], "big") if anchor[14:30] == vault_id else 0


class Vault:
    """A vault that passed steps 1 to 7; `records` does step 8."""

    def __init__(self, path, keystore, anchor=None):
        """`anchor` is the bytes of an anchor's file; empty if there should be one and is not."""
        self.id, wrapped, self.rows = read_rows(pathlib.Path(path))
        self.deks = {}
        for generation, key in wrapped.items():
            key = keystore.unwrap(key)
            check(len(key) == 52 and key[:20] == self.id + be32(generation), "a dek of another row")
            self.deks[generation] = key[20:]
        check(MANIFEST in self.rows, "no manifest")
        manifest, entries = self.open(MANIFEST), 0
        for id, (rev, sealed) in self.rows.items():
            self.dek_of(sealed)
            if id != MANIFEST:
                entries ^= int.from_bytes(manifest_entry(self.deks[min(self.deks)], id, rev, sealed), "big")
        self.epoch = self.rows[MANIFEST][0]
        expected = [0, 1, self.epoch, len(self.rows) - 1, sorted(self.deks), entries.to_bytes(32, "big")]
        # Compared as bytes: in Python, 1 equals 1.0 and True.
        listed = [manifest.get(key) for key in range(6)]
        check(cbor2.dumps(listed) == cbor2.dumps(expected), "the manifest lists other rows")
        later(manifest, 5)
        if anchor is not None and self.epoch - anchored_epoch(anchor, self.id) not in (0, 1):
            raise RolledBack("the vault was rolled back to an older copy")

    def dek_of(self, sealed):
        """What step 6 asks of one record, which settles its DEK."""
        blocks, rest = divmod(len(sealed) - 37, 64)
        check(rest == 0 and 1 <= blocks <= 1025 and sealed[0] == 1, "shape of a record")
        generation = int.from_bytes(sealed[1:5], "big")
        check(generation in self.deks, "a generation that is not accepted")
        return self.deks[generation]

    def open(self, id):
        rev, sealed = self.rows[id]
        return decode(open_record(self.dek_of(sealed), self.id, id, rev, sealed))

    def records(self):
        return [{"id": id, "rev": self.rows[id][0], **name(self.open(id))} for id in sorted(self.rows) if any(id)]


def open_seed(lock, vault_id, credential_id, locked):
    """A payment seed out of key 6, `lock` being L."""
    check(len(locked) == 65 and locked[0] == 1, "shape of a locked seed")
    info = b"tegata/v1/seed"
    return unseal(hkdf(lock, info + credential_id, locked[1:17]), info + vault_id + credential_id, locked[17:], "seed")


def open_secret(lock, vault_id, record):
    """A secret of the account out of its record, `lock` being L."""
    info = {1: b"tegata/v1/session", 2: b"tegata/v1/factor"}[record["purpose"]]
    sealed, id = record["sealed"], record["id"]
    return unseal(hkdf(lock, info + id, sealed[1:17]), info + vault_id + id, sealed[17:], "secret")


def open_lock(prf, pin, vault_id, wrapped):
    """L under a PIN."""
    check(len(wrapped) == 77 and wrapped[0] == 1, "shape of a locked L")
    salt = wrapped[13:29]
    refused = None
    for form in forms(pin, plain_digits):
        stretched = prf(argon2id(form, salt, *struct.unpack(">3I", wrapped[1:13])))
        key = hkdf(stretched, b"tegata/v1/pin" + vault_id + salt)
        try:
            return unseal(key, wrapped[:29] + vault_id, wrapped[29:], "payment lock")
        except Refused as wrong:
            refused = wrong
    raise refused


def open_lock_by_key(key, vault_id, wrapped):
    """L under the host's key."""
    check(len(key) == 32 and len(wrapped) == 65 and wrapped[0] == 1, "shape of a locked L")
    info = b"tegata/v1/unlock" + vault_id
    return unseal(hkdf(key, info, wrapped[1:17]), info, wrapped[17:], "payment lock")


def decode(data):
    try:
        value = cbor2.loads(data)
        # What is not deterministic comes back as other bytes, a key that is there twice or bytes at the end included.
        same = cbor2.dumps(value, canonical=True) == data
    except Exception:
        raise Refused("a record's data is not CBOR") from None
    keys = same and type(value) is dict and all(type(key) is int and 0 <= key <= 255 for key in value)
    check(keys and type(value.get(0)) is int and value[0] >= 0, "encoding of a record")
    return value


def later(data, last):
    if max(data) > last:
        raise Newer("a later version wrote a record: it has a key that is not known here")


def text(least, most, pattern="(?s:.*)"):
    return lambda it: type(it) is str and least <= len(it.encode()) <= most and re.fullmatch(pattern, it)


def octets(least, most):
    return lambda it: type(it) is bytes and least <= len(it) <= most


def number(least, most, step=1):
    return lambda it: type(it) is int and least <= it <= most and it % step == 0


# By kind: its name, by key the field and what it must be, which keys may be missing, which exclude each other.
KINDS = {
    1: ("payment", {1: ("credential_id", octets(16, 16)), 2: ("label", text(1, 128)),
                    3: ("prefix", text(4, 8, "[0-9]*")), 4: ("alias_period", number(30, 2**32 - 1, 30)),
                    5: ("seed", octets(32, 32)), 6: ("locked_seed", octets(65, 65)),
                    7: ("counter", number(0, 84467433609)), 8: ("ahead", number(-(2**63), 2**63 - 1))}, {7}, {5, 6}),
    2: ("otp", {1: ("issuer", text(0, 256)), 2: ("account", text(0, 256)), 3: ("algorithm", number(1, 3)),
                4: ("digits", number(6, 8)), 5: ("period", number(1, 2**32 - 1)), 6: ("counter", number(0, 2**64 - 1)),
                7: ("secret", octets(1, 1024))}, set(), {5, 6}),
    3: ("pass", {1: ("title", text(1, 128)), 2: ("symbol", number(1, 5)), 3: ("message", text(1, 4096)),
                 4: ("below", text(1, 256))}, {4}, set()),
    4: ("account", {1: ("handle", text(1, 256)), 2: ("address", text(1, 2048)), 3: ("device", text(1, 128)),
                    4: ("session", octets(1, 256))}, {4}, set()),
    5: ("setting", {1: ("name", text(1, 64)), 2: ("value", text(0, 4096))}, set(), set()),
    6: ("lock", {1: ("pin", octets(77, 77)), 2: ("key", octets(65, 65)), 3: ("wrong_pins", number(0, 2**32 - 1))},
        {1, 2}, set()),
    7: ("provisioning", {1: ("till_card_key", octets(32, 32)), 2: ("given", octets(16, 16)),
                         3: ("asked", octets(33, 1056))}, {1, 2, 3}, set()),
    8: ("moving", {1: ("asked", octets(32, 32)), 2: ("taken", octets(32, 32))}, {1, 2}, set()),
    9: ("history", {1: ("handle", text(1, 256)), 2: ("address", text(1, 2048)),
                    3: ("seen", number(0, 253402300799)), 4: ("page", text(1, 60000))}, set(), set()),
    10: ("secret", {1: ("purpose", number(1, 2)),
                    2: ("sealed", lambda it: octets(34, 2048)(it) and it[0] == 1)}, set(), set()),
    11: ("queued", {1: ("address", text(1, 2048)), 2: ("device", text(1, 128)), 3: ("body", octets(2, 1024)),
                    4: ("signature", text(1, 512))}, set(), set()),
}


def name(data):
    """A record's data with names in place of numbers, checked against the tables of its kind."""
    check(data[0] != 0, "a second manifest")
    if data[0] not in KINDS:  # a later version's, given as it is
        return {"kind": data[0], "data": cbor2.dumps(data, canonical=True)}
    kind, fields, optional, either = KINDS[data[0]]
    check(fields.keys() - data.keys() - either <= optional, f"{kind}: a key is missing")
    check(not either or len(either & data.keys()) == 1, f"{kind}: one of two keys")
    later(data, max(fields))
    check(data[0] != 7 or data.get(2) != bytes(16), f"{kind}: the manifest was not given")
    for key in data.keys() & fields.keys():
        field, fits = fields[key]
        check(fits(data[key]), f"{kind}: {field}")
    return {"kind": kind} | {field: data[key] for key, (field, _) in fields.items() if key in data}


def main(vault, keystore):
    asked = getpass.getpass("Passphrase: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
    opened = Vault(vault, Keystore(pathlib.Path(keystore).read_bytes(), asked.encode()))
    content = {"vault_id": opened.id, "epoch": opened.epoch, "records": opened.records()}
    print(json.dumps(content, default=bytes.hex, indent=2, ensure_ascii=False))


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except Refused as refused:
        sys.exit(f"error: {refused}")
