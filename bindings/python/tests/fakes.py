"""A keystore and an anchor that fail when a step says so. Kotlin's and Swift's scenarios run on the same ones."""

from tegata import Anchor, Keystore, KeystoreError

SECRET = "the seed is 0123456789"


class Fault:
    """The error that a fake raises: for as many calls as `times` says, or for all."""

    failure = None
    times = None

    def throws(self, kinds, failure, times):
        self.failure = RuntimeError(SECRET) if failure == "unknown" else getattr(kinds, failure)()
        self.times = times

    def strike(self):
        if self.failure is None or self.times == 0:
            return
        if self.times is not None:
            self.times -= 1
        raise self.failure


class FakeKeystore(Keystore):
    """Encrypts nothing: what it wraps has the device's number before it. Inputs that it knows have the answers given.
    Its signatures are readable stand-ins without a `signer`."""

    def __init__(self, device):
        self.device = bytes([device])
        self.answers = {}
        self.fault = Fault()
        self.signer = None
        self.forger = None

    def wrap(self, plaintext):
        self.fault.strike()
        return self.device + plaintext

    def unwrap(self, wrapped):
        self.fault.strike()
        if wrapped in self.answers:
            return self.answers[wrapped]
        if wrapped[:1] != self.device:
            raise KeystoreError.WrongDevice()
        return wrapped[1:]

    def prf(self, input):
        self.fault.strike()
        return self.answers.get(input, input)

    def public_key(self):
        self.fault.strike()
        return self.signer.public_key() if self.signer else b"\x04" + self.device * 64

    def sign(self, message):
        self.fault.strike()
        signer = self.forger or self.signer
        return signer.sign(message) if signer else self.device + message

    def replace_signing_key(self):
        self.fault.strike()
        if self.signer:
            self.signer.replace()


class FakeAnchor(Anchor):
    """Stores the state in memory."""

    def __init__(self):
        self.anchored = None
        self.fault = Fault()

    def load(self):
        self.fault.strike()
        return self.anchored

    def store(self, anchored):
        self.fault.strike()
        self.anchored = anchored
