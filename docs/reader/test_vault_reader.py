"""The fixture of format 1 opens, and no changed copy of it does."""

import hashlib
import json
import pathlib
import shutil
import sqlite3
import subprocess
import sys

import cbor2
import pytest
import vault_reader
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from vault_reader import MANIFEST, Keystore, Newer, Refused, RolledBack, Vault, WrongKeystore, WrongPassphrase, be32, be64, hkdf

FIXTURES = pathlib.Path(__file__).parents[2] / "core" / "fixtures"
PASSPHRASE = b"correct horse battery staple"
SECRET = b"12345678901234567890"
OTP = {"kind": "otp", "issuer": "Mail", "account": "ann@example.org", "algorithm": 1, "digits": 6, "secret": SECRET}
PAYMENT = {"kind": "payment", "credential_id": b"\x11" * 16, "label": "Corner Shop", "prefix": "290012",
           "alias_period": 86400, "seed": b"\x22" * 32, "counter": 590000003, "ahead": -3}
LOCKED = {"kind": "payment", "credential_id": b"\x12" * 16, "label": "角のお店", "prefix": "4900", "alias_period": 3600,
          "ahead": 0}
OTHERS = [
    OTP | {"period": 30},
    OTP | {"counter": 7},
    {"kind": "pass", "title": "Tram", "symbol": 4, "message": "T-7", "below": "Line 7"},
    {"kind": "account", "handle": "ann@example.org", "address": "https://pay.example.org", "device": "Ann's desk",
     "session": b"\x55" * 32},
    {"kind": "setting", "name": "till", "value": "t1"},
]


@pytest.fixture(scope="session")
def keystore():
    """Opened once: Argon2id is slow on purpose."""
    return Keystore((FIXTURES / "vault-format-1" / "keystore").read_bytes(), PASSPHRASE)


@pytest.fixture
def folder(tmp_path):
    return shutil.copytree(FIXTURES / "vault-format-1", tmp_path / "copy")


def change(folder, *statements):
    with sqlite3.connect(folder / "vault") as db:
        for statement in statements:
            db.execute(*statement) if type(statement) is tuple else db.execute(statement)
    db.close()


def select(folder, query):
    db = sqlite3.connect(folder / "vault")
    rows = db.execute(query).fetchall()
    db.close()
    return rows


def read(folder, keystore):
    return Vault(folder / "vault", keystore).records()


def flipped(data, at):
    at %= len(data)
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def test_every_kind_is_found_with_its_values(folder, keystore):
    found = [{key: it for key, it in record.items() if key not in ("id", "rev")} for record in read(folder, keystore)]
    locked = next(record.pop("locked_seed") for record in found if "locked_seed" in record)
    lock = next(record for record in found if record["kind"] == "lock")
    pin, key = lock.pop("pin"), lock.pop("key")
    expected = [PAYMENT, LOCKED, {"kind": "lock", "wrong_pins": 0}, *OTHERS]
    assert len(found) == len(expected) and all(record in found for record in expected)
    vault_id = Vault(folder / "vault", keystore).id
    for lock in (vault_reader.open_lock(keystore.prf, b"2468", vault_id, pin),
                 vault_reader.open_lock(keystore.prf, "２４-６ 8".encode(), vault_id, pin),
                 vault_reader.open_lock_by_key(b"\x4b" * 32, vault_id, key)):
        assert vault_reader.open_seed(lock, vault_id, b"\x12" * 16, locked) == b"\x23" * 32
        with pytest.raises(Refused):
            vault_reader.open_seed(lock, vault_id, b"\x13" * 16, locked)
    with pytest.raises(Refused):
        vault_reader.open_lock(keystore.prf, b"1357", vault_id, pin)
    with pytest.raises(Refused):
        vault_reader.open_lock_by_key(b"\x4c" * 32, vault_id, key)


def test_reading_leaves_the_folder_as_it_was(folder, keystore):
    before = {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()}
    read(folder, keystore)
    assert {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()} == before


def test_the_program_prints_json(folder):
    def run(line):
        program = [sys.executable, vault_reader.__file__, folder / "vault", folder / "keystore"]
        return subprocess.run(program, input=line, capture_output=True)

    printed = run(PASSPHRASE + b"\n")
    assert printed.returncode == 0 and len(json.loads(printed.stdout)["records"]) == 8
    refused = run(b"wrong\n")
    assert (refused.returncode, refused.stdout, refused.stderr) == (1, b"", b"error: the passphrase is wrong\n")


def test_what_stands_in_the_wal_alone_is_read_and_checked(folder, keystore):
    """A commit that is only in the `-wal` counts; without that file it is the vault before it."""
    db = sqlite3.connect(folder / "vault")
    db.execute("PRAGMA wal_autocheckpoint = 0")
    vault = Vault.__new__(Vault)
    vault.id, wrapped, _ = vault_reader.read_rows(shutil.copytree(folder, folder.parent / "before") / "vault")
    vault.deks = {generation: keystore.unwrap(key)[20:] for generation, key in wrapped.items()}
    lowest, epoch, entries = vault.deks[1], 0, 0
    db.execute(*seal(vault, NEW, 1, SETTING))
    rows = {id: (rev, sealed) for id, rev, sealed in db.execute("SELECT * FROM record")}
    epoch = rows.pop(MANIFEST)[0] + 1
    for id, (rev, sealed) in rows.items():
        entries ^= int.from_bytes(vault_reader.manifest_entry(lowest, id, rev, sealed), "big")
    data = dict(enumerate([0, 1, epoch, len(rows), [1], entries.to_bytes(32, "big")]))
    db.execute(*seal(vault, MANIFEST, epoch, cbor2.dumps(data, canonical=True)))
    db.commit()
    whole, without, changed = (shutil.copytree(folder, folder.parent / it) for it in ("whole", "without", "changed"))
    db.close()
    for copy in (whole, without, changed):
        (copy / "vault-shm").unlink()
    assert (whole / "vault-wal").stat().st_size > 0
    (without / "vault-wal").unlink()
    assert len(read(whole, keystore)) == 9 and len(read(without, keystore)) == 8
    db = sqlite3.connect(changed / "vault")
    db.execute("PRAGMA wal_autocheckpoint = 0")
    db.execute("UPDATE record SET rev = rev + 1")
    db.commit()
    tampered = shutil.copytree(changed, folder.parent / "tampered")
    db.close()
    (tampered / "vault-shm").unlink()
    with pytest.raises(Refused):
        read(tampered, keystore)


TAMPERING = json.loads((FIXTURES / "tampering.json").read_text())
ANSWERS = {"damaged": Refused, "newer": Newer, "another device": WrongKeystore, "rolled back": RolledBack}


@pytest.mark.parametrize("change", TAMPERING["changes"], ids=lambda change: change["what"])
def test_a_tampered_vault_has_the_answer_of_the_table(folder, change):
    """The list that core is held to as well."""
    for to, source in change.get("put", {}).items():
        shutil.copy(folder / source, folder / to)
    tamper(folder, change)
    keystore = Keystore((folder / "keystore").read_bytes(), PASSPHRASE)
    anchor = (folder / "anchor").read_bytes()
    epoch = change.get("epoch", int.from_bytes(anchor[30:38], "big"))
    anchor = anchor[:30] + be64(epoch) + anchor[38:] if epoch else b""
    for given, answer in ((None, change["answer"]), (anchor, change.get("anchored", change["answer"]))):
        if answer == "opens":
            assert Vault(folder / "vault", keystore, given).records()
        else:
            with pytest.raises(Refused) as refused:
                Vault(folder / "vault", keystore, given)
            assert refused.type is ANSWERS[answer]


def tamper(folder, change):
    sql = change.get("sql", "").replace("{folder}", str(folder))
    for name, value in TAMPERING["names"].items():
        sql = sql.replace("{" + name + "}", value)
    if sql:
        db = sqlite3.connect(folder / "vault")
        db.executescript(sql)
        db.close()


@pytest.mark.parametrize("what, reason", [("the data key's generation raised", "dek of another row"),
                                          ("sealed bytes cut", "shape"), ("no data key", "number of deks")])
def test_what_other_checks_would_catch_too_is_caught_in_its_turn(folder, keystore, what, reason):
    tamper(folder, next(change for change in TAMPERING["changes"] if change["what"] == what))
    with pytest.raises(Refused, match=reason):
        read(folder, keystore)


@pytest.mark.parametrize(
    "column", ["meta.value", "meta.name", "dek.wrapped", "dek.generation", "record.id", "record.rev", "record.sealed"]
)
def test_a_flipped_bit_is_refused_wherever_it_is(folder, keystore, column):
    table, column = column.split(".")
    whole = (folder / "vault").read_bytes()
    rows = select(folder, f"SELECT {column} FROM {table}")
    for (value,) in rows:
        if type(value) is int:
            others = [value ^ 1]
        elif type(value) is str:
            others = [flipped(value.encode(), at).decode() for at in range(len(value))]
        else:
            others = [flipped(value, at) for at in range(len(value))]
        for other in others:
            (folder / "vault").write_bytes(whole)
            change(folder, (f"UPDATE {table} SET {column} = ? WHERE {column} = ?", (other, value)))
            # the bit that makes format 1 a greater number gives the answer of its own
            with pytest.raises(Newer if value == b"\0\0\0\1" and other > value else Refused):
                read(folder, keystore)


def seal(vault, id, rev, data, pad=True, generation=1):
    """A row as a wallet would write it."""
    head, salt = b"\x01" + be32(generation), bytes([rev]) * 16
    plaintext = be32(len(data)) + data
    plaintext += bytes(-len(plaintext) % 64) if pad is True else pad
    key = hkdf(vault.deks[generation], b"tegata/v1/record" + id + be64(rev), salt)
    aad = b"tegata/v1" + head + vault.id + id + be64(rev)
    return "REPLACE INTO record VALUES (?, ?, ?)", (id, rev, head + salt + AESGCM(key).encrypt(bytes(12), plaintext, aad))


def write(folder, keystore, *rows, **manifest):
    """Puts `rows` in, and a manifest that lists them; `manifest` says what it shall say instead, key by key."""
    change(folder, *rows)
    _, _, stored = vault_reader.read_rows(folder / "vault")
    vault = Vault.__new__(Vault)
    vault.id, wrapped, _ = vault_reader.read_rows(folder / "vault")
    vault.deks = {generation: keystore.unwrap(key)[20:] for generation, key in wrapped.items()}
    lowest, epoch, entries = vault.deks[min(vault.deks)], stored.pop(MANIFEST)[0] + 1, 0
    for id, (rev, sealed) in stored.items():
        entries ^= int.from_bytes(vault_reader.manifest_entry(lowest, id, rev, sealed), "big")
    data = dict(enumerate([0, 1, epoch, len(stored), sorted(vault.deks), entries.to_bytes(32, "big")]))
    data |= {int(key[1:]): value for key, value in manifest.items()}
    change(folder, seal(vault, MANIFEST, epoch, cbor2.dumps(data, canonical=True)))


NEW = b"\x03" * 16
SETTING = cbor2.dumps({0: 5, 1: "a", 2: "b"})


def test_an_older_revision_put_back_is_refused(folder, keystore):
    vault = Vault(folder / "vault", keystore)
    older = seal(vault, NEW, 1, SETTING)
    write(folder, keystore, older)
    manifest = select(folder, "SELECT * FROM record WHERE id = zeroblob(16)")[0]
    assert len(read(folder, keystore)) == 9
    write(folder, keystore, seal(vault, NEW, 2, SETTING))
    assert [record["rev"] for record in read(folder, keystore) if record["id"] == NEW] == [2]
    change(folder, older)
    with pytest.raises(Refused, match="manifest"):
        read(folder, keystore)
    # with the manifest of that time, it is the vault of that time: the format alone cannot tell
    change(folder, ("REPLACE INTO record VALUES (?, ?, ?)", manifest))
    assert [record["rev"] for record in read(folder, keystore) if record["id"] == NEW] == [1]


@pytest.mark.parametrize("says", [{"k0": 1}, {"k1": 2}, {"k1": True}, {"k2": 9}, {"k3": 7}, {"k4": [1, 2]}, {"k4": []},
                                  {"k5": bytes(32)}, {"k3": None}])
def test_a_manifest_that_says_anything_else_is_refused(folder, keystore, says):
    write(folder, keystore)
    assert len(read(folder, keystore)) == 8
    write(folder, keystore, **says)
    with pytest.raises(Refused, match="manifest"):
        read(folder, keystore)


def test_two_generations_are_read(folder, keystore):
    vault = Vault(folder / "vault", keystore)
    vault.deks[2] = b"\x09" * 32
    salt, head = bytes(16), b"\x01" + keystore.id
    key = hkdf(keystore.wrap_key, b"tegata/v1/wrap", salt)
    wrapped = head + salt + AESGCM(key).encrypt(bytes(12), vault.id + be32(2) + vault.deks[2], head)
    write(folder, keystore, ("INSERT INTO dek VALUES (2, ?)", (wrapped,)), seal(vault, NEW, 1, SETTING, generation=2))
    assert len(read(folder, keystore)) == 9
    change(folder, "DELETE FROM dek WHERE generation = 1")
    with pytest.raises(Refused, match="generation"):
        read(folder, keystore)


@pytest.mark.parametrize("pad", [b"\0" * (51 + 64), b"\0" * 50 + b"\1", b"\1" + b"\0" * 50])
def test_other_padding_is_refused(folder, keystore, pad):
    vault = Vault(folder / "vault", keystore)
    assert len(SETTING) == 9
    write(folder, keystore, seal(vault, NEW, 1, SETTING, pad=pad))
    with pytest.raises(Refused, match="padding"):
        read(folder, keystore)


def test_the_worked_example_opens():
    document = (FIXTURES.parents[1] / "docs" / "vault-format.md").read_text()
    sealed = bytes.fromhex(document.split("sealed =\n")[1].split("```")[0])
    assert vault_reader.open_record(b"\1" * 32, b"\2" * 16, b"\3" * 16, 7, sealed) == b"tegata"


def test_the_shared_vectors_open():
    for vector in json.loads((FIXTURES / "vectors" / "vault.json").read_text()):
        vault_id, dek = bytes.fromhex(vector["vault_id"]), bytes.fromhex(vector["dek"])
        for record in vector["records"]:
            id, sealed, rev = bytes.fromhex(record["id"]), bytes.fromhex(record["sealed"]), record["rev"]
            assert vault_reader.open_record(dek, vault_id, id, rev, sealed).hex() == record["data"]
            assert vault_reader.manifest_entry(dek, id, rev, sealed).hex() == record["manifest_entry"]
        manifest = vector["manifest"]
        data = vault_reader.open_record(dek, vault_id, MANIFEST, manifest["epoch"], bytes.fromhex(manifest["sealed"]))
        assert data.hex() == manifest["data"]
        pin, seed = vector["pin"], vector["seed"]
        keystore = Keystore.__new__(Keystore)
        keystore.prf_key = bytes.fromhex(pin["prf_key"])
        wrapped = bytes.fromhex(pin["wrapped"])
        lock = vault_reader.open_lock(keystore.prf, pin["pin"].encode(), vault_id, wrapped)
        assert lock.hex() == pin["lock_key"]
        locked = bytes.fromhex(seed["sealed"])
        assert vault_reader.open_seed(lock, vault_id, bytes.fromhex(seed["credential_id"]), locked).hex() == seed["seed"]
        for secret in vector["account_secrets"]:
            record = vault_reader.name(cbor2.loads(bytes.fromhex(secret["data"]))) | {"id": bytes.fromhex(secret["id"])}
            assert record["sealed"].hex() == secret["sealed"]
            assert vault_reader.open_secret(lock, vault_id, record).hex() == secret["secret"]


def test_a_newer_vault_has_an_answer_of_its_own_whatever_else_it_holds(folder, keystore):
    change(folder, "UPDATE meta SET value = x'00000002' WHERE name = 'format'", "CREATE TABLE more (it)", "DROP TABLE dek")
    with pytest.raises(Newer):
        read(folder, keystore)


def test_a_vault_in_use_is_refused(folder, keystore):
    db = sqlite3.connect(folder / "vault")
    db.execute("SELECT * FROM meta").fetchall()
    with pytest.raises(Refused, match="locked"):
        read(folder, keystore)
    db.close()
    assert read(folder, keystore)


def test_a_file_that_is_no_vault_is_refused(folder, keystore):
    change_mode = sqlite3.connect(folder / "vault")
    change_mode.execute("PRAGMA journal_mode = DELETE")
    change_mode.close()
    with pytest.raises(Refused, match="WAL"):
        read(folder, keystore)
    (folder / "vault").write_bytes(b"")
    with pytest.raises(Refused, match="WAL"):
        read(folder, keystore)
    (folder / "vault-journal").touch()
    with pytest.raises(Refused, match="journal"):
        read(folder, keystore)


def test_a_flipped_bit_anywhere_in_the_keystore_is_refused(folder):
    whole = (folder / "keystore").read_bytes()
    for at in range(len(whole)):
        # the version made greater than 1 is a later version's
        other = whole[:15] + b"\2" + whole[16:] if at == 15 else flipped(whole, at)
        with pytest.raises(Newer if at == 15 else Refused) as refused:
            Keystore(other, PASSPHRASE)
        assert refused.type is not WrongPassphrase


def test_a_wrong_passphrase_has_an_answer_of_its_own(folder):
    whole = (folder / "keystore").read_bytes()
    with pytest.raises(WrongPassphrase):
        Keystore(whole, PASSPHRASE + b"r")
    # so has a file whose checksum was made to fit: nothing tells the two apart
    body = flipped(whole[:-32], -1)
    with pytest.raises(WrongPassphrase):
        Keystore(body + hashlib.sha256(body).digest(), PASSPHRASE)


@pytest.mark.parametrize("memory, passes, lanes", [(7, 1, 1), (127, 1, 16), (1 << 21, 1, 1), (64, 0, 1), (64, 17, 1),
                                                   (64, 1, 0), (256, 1, 17)])
def test_a_keystore_that_asks_for_too_much_or_too_little_is_refused(folder, memory, passes, lanes):
    whole = (folder / "keystore").read_bytes()
    body = whole[:32] + b"".join(map(vault_reader.be32, (memory, passes, lanes))) + whole[44:-32]
    with pytest.raises(Refused, match="parameters"):
        Keystore(body + hashlib.sha256(body).digest(), PASSPHRASE)


@pytest.mark.parametrize("data", ["a1001805", "bf0005ff", "a200050005", "a2010000 05", "a10005 00", "8005", "a1f400", "",
                                  "a1615a00", "a100c24105", "a10018", "a100f5", "a10020", "a10105", "a20005190100 05"])
def test_other_encodings_are_refused(data):
    with pytest.raises(Refused):
        vault_reader.decode(bytes.fromhex(data))


@pytest.mark.parametrize("change", [
    {3: "49600"[:3]}, {3: "496000000"}, {3: "49a0"}, {3: "４９６０"}, {3: b"4960"}, {4: 31}, {4: 0}, {4: 30.0}, {5: bytes(31)},
    {6: bytes(65)}, {2: ""}, {2: "お" * 43}, {7: 84467433610}, {8: 2**63}, {0: 0},
])
def test_a_value_out_of_its_range_is_refused(change):
    data = {0: 1, 1: bytes(16), 2: "a", 3: "4960", 4: 30, 5: bytes(32), 8: 0}
    assert vault_reader.name(data)["alias_period"] == 30
    with pytest.raises(Refused):
        vault_reader.name(data | change)


@pytest.mark.parametrize("key", range(1, 9))
def test_a_missing_key_is_refused_unless_it_may_be_missing(key):
    data = {0: 1, 1: bytes(16), 2: "a", 3: "4960", 4: 30, 5: bytes(32), 7: 0, 8: 0}
    data.pop(key, None)
    if key in (6, 7):
        assert vault_reader.name(data)
    else:
        with pytest.raises(Refused):
            vault_reader.name(data)


def test_a_keystore_without_its_signing_key_is_refused(folder, monkeypatch):
    """The one check behind the keystore's tag, so what it opens to is handed in."""
    whole = (folder / "keystore").read_bytes()
    monkeypatch.setattr(vault_reader, "unseal", lambda *_: bytes(64) + b"\x30\0")
    with pytest.raises(Refused, match="signing key"):
        Keystore(whole, PASSPHRASE)


def test_a_key_of_a_later_version_has_the_answer_of_one(folder, keystore):
    with pytest.raises(Newer):
        vault_reader.name({0: 5, 1: "a", 2: "", 3: [b"\1"]})
    write(folder, keystore, k6=0)
    with pytest.raises(Newer):
        read(folder, keystore)


def test_how_the_wallet_stands_with_its_issuer_is_read(folder, keystore):
    body = b"k" * 32 + b"{}"
    for fields in [{}, {3: body}, {1: b"\1" * 32, 2: b"\2" * 16}, {1: b"\1" * 32, 2: b"\2" * 16, 3: body}]:
        names = {1: "till_card_key", 2: "given", 3: "asked"}
        expected = {"kind": "provisioning"} | {names[key]: value for key, value in fields.items()}
        assert vault_reader.name({0: 7} | fields) == expected
    for wrong in [{1: b"\1" * 31}, {2: bytes(16)}, {3: b"k" * 32}, {3: b"k" * 1057}, {3: "text"}]:
        with pytest.raises(Refused):
            vault_reader.name({0: 7} | wrong)
    with pytest.raises(Newer):
        vault_reader.name({0: 7, 4: 1})
    data = cbor2.dumps({0: 7, 3: body})
    write(folder, keystore, seal(Vault(folder / "vault", keystore), NEW, 1, data))
    assert {"id": NEW, "rev": 1, "kind": "provisioning", "asked": body} in read(folder, keystore)


def test_a_move_from_another_phone_is_read():
    for fields in [{}, {1: b"\1" * 32}, {2: b"\2" * 32}, {1: b"\1" * 32, 2: b"\2" * 32}]:
        expected = {"kind": "moving"} | {{1: "asked", 2: "taken"}[key]: value for key, value in fields.items()}
        assert vault_reader.name({0: 8} | fields) == expected
    for wrong in [{1: b"\1" * 31}, {2: b"\2" * 33}, {2: "text"}]:
        with pytest.raises(Refused):
            vault_reader.name({0: 8} | wrong)


def test_what_was_told_of_payments_is_read(folder, keystore):
    fields = {0: 9, 1: "ann@example.org", 2: "https://pay.example.org", 3: 1_800_000_000, 4: "{}"}
    names = {1: "handle", 2: "address", 3: "seen", 4: "page"}
    expected = {"kind": "history"} | {names[key]: value for key, value in fields.items() if key}
    assert vault_reader.name(fields) == expected
    for wrong in [{1: ""}, {2: "a" * 2049}, {3: 253402300800}, {4: ""}, {4: "a" * 60001}, {4: b"{}"}]:
        with pytest.raises(Refused):
            vault_reader.name(fields | wrong)
    for missing in names:
        with pytest.raises(Refused):
            vault_reader.name({key: value for key, value in fields.items() if key != missing})
    write(folder, keystore, seal(Vault(folder / "vault", keystore), NEW, 1, cbor2.dumps(fields)))
    assert {"id": NEW, "rev": 1} | expected in read(folder, keystore)


def test_a_kind_of_a_later_version_is_passed_over(folder, keystore):
    data = cbor2.dumps({0: 99, 1: True})
    write(folder, keystore, seal(Vault(folder / "vault", keystore), NEW, 1, data))
    records = read(folder, keystore)
    assert len(records) == 9 and {"id": NEW, "rev": 1, "kind": 99, "data": data} in records


def test_a_vault_of_another_keystore_has_an_answer_of_its_own(folder, keystore):
    other = Keystore.__new__(Keystore)
    other.id, other.wrap_key = bytes(16), keystore.wrap_key
    with pytest.raises(WrongKeystore):
        read(folder, other)


def test_a_secret_of_the_account_opens_under_the_lock():
    for purpose, sealed in (
        (1, "010404040404040404040404040404040419cfe783994911f245f7a9d38e7854a46a898f950c0e1bd58a"),
        (2, "01040404040404040404040404040404045f617787ddba30784ad1e844d79b153090ab704d9b664e117a"),
    ):
        record = {"id": b"\3" * 16, "purpose": purpose, "sealed": bytes.fromhex(sealed)}
        assert vault_reader.open_secret(b"\x4c" * 32, b"\2" * 16, record) == b"a session"
        with pytest.raises(Refused):
            vault_reader.open_secret(b"\x4d" * 32, b"\2" * 16, record)
