package app.tegata;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The same library from Java, where nothing may ask for Kotlin's unsigned numbers or extension functions. */
class JavaCallerTest {
    private static final byte[] PIN = "2580".getBytes(StandardCharsets.UTF_8);

    @TempDir File folder;

    @Test
    void aCodeIsShownBehindAPin() throws WalletException {
        File file = new File(folder, "wallet");
        try (Wallet wallet = Wallet.create(file, new SoftwareKeystore());
                PaymentUnlock unlocked = PaymentUnlock.Companion.withoutLock()) {
            NewPayment provisioned = new NewPayment(new byte[16], "Ann", "4960", 86_400L);
            String id = Secrets.add(wallet.getPayments(), unlocked, provisioned, new byte[32]);
            Secrets.setPin(wallet.getPayments(), unlocked, PIN);
            unlocked.lock();
            assertThrows(WalletException.PaymentsLocked.class, () -> next(wallet, unlocked, id));
            try (PaymentUnlock again = Secrets.unlockWithPin(wallet.getPayments(), PIN)) {
                PaymentCode code = next(wallet, again, id);
                assertTrue(code.getDigits().startsWith("4960"));
                assertEquals(21, code.getQr().getWidth());
                assertEquals(code.getValidFrom() + 30, code.getNextAt());
            }
        }
    }

    /** A keystore written in Java says what is wrong with it, by the failures that Kotlin names. */
    @Test
    void aKeystoreInJavaThrowsItsFailures() {
        File file = new File(folder, "wallet");
        assertThrows(WalletException.Locked.class, () -> Wallet.create(file, new LockedKeystore()));
    }

    private static final class LockedKeystore implements DeviceKeystore {
        @Override
        public byte[] wrap(byte[] plaintext) throws KeystoreFailure {
            throw new KeystoreFailure.Locked();
        }

        @Override
        public byte[] unwrap(byte[] wrapped) throws KeystoreFailure {
            throw new KeystoreFailure.Locked();
        }

        @Override
        public byte[] prf(byte[] input) throws KeystoreFailure {
            throw new KeystoreFailure.Locked();
        }

        @Override
        public byte[] publicKey() throws KeystoreFailure {
            throw new KeystoreFailure.Locked();
        }

        @Override
        public byte[] sign(byte[] message) throws KeystoreFailure {
            throw new KeystoreFailure.Locked();
        }
    }

    private static PaymentCode next(Wallet wallet, PaymentUnlock unlocked, String id) throws WalletException {
        NextCode next = wallet.getPayments().nextCode(unlocked, id, null, null);
        return ((NextCode.Code) next).getCode();
    }
}
