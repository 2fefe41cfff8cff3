"""A device that fails when it is told to. The same one, line by line, drives the scenarios in Kotlin and Swift."""

from tegata import Anchor, DeviceKeystore, KeystoreFailure

SECRET = "the seed is 0123456789"


class Fault:
    """What a fake throws: `failure` for so many calls as `times` says, or for all."""

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


class FakeKeystore(DeviceKeystore):
    """Hides nothing: what it wraps has the device's number before it. Inputs that it knows have the answers given. What
    it signs is worth nothing without a `signer`."""

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
            raise KeystoreFailure.WrongDevice()
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


class FakeAnchor(Anchor):
    """Keeps what it is given."""

    def __init__(self):
        self.anchored = None
        self.fault = Fault()

    def load(self):
        self.fault.strike()
        return self.anchored

    def store(self, anchored):
        self.fault.strike()
        self.anchored = anchored
