"""What a call costs a program in Python, against the packed library: see `cargo xtask bench bindings`."""

import json
import statistics
import sys
import time

began = time.perf_counter_ns()
from tegata import Keystore, NewPaymentCredential, PaymentUnlock, ManualClock, Wallet  # noqa: E402

START = 1_800_000_000
clock = ManualClock(START)
first = time.perf_counter_ns() - began


class NoKeystore(Keystore):
    def wrap(self, plaintext):
        return plaintext

    def unwrap(self, wrapped):
        return wrapped


def median(times, work):
    taken = []
    for at in range(times):
        began = time.perf_counter_ns()
        work(at)
        taken.append(time.perf_counter_ns() - began)
    return int(statistics.median(taken[times // 2 :]))


with Wallet.create(sys.argv[1], NoKeystore(), None, clock) as wallet:
    unlock = PaymentUnlock.without_lock()
    for n in range(100):
        new = NewPaymentCredential(credential=bytes(16), label=f"Ann {n}", prefix="4960", alias_period=86_400)
        id = wallet.payments.add(unlock, new, bytes(32))

    def code(at):
        clock.set(START + 30 * at)
        wallet.payments.next_code(unlock, id)

    figures = {
        "first": first,
        "empty": median(20_000, lambda _: clock.set(START)),
        "code": median(2_000, code),
        "list": median(500, lambda _: wallet.payments.list()),
    }
print(json.dumps(figures))
