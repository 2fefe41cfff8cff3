package app.tegata;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The same library from Java, without Kotlin's unsigned numbers and extension functions. */
class JavaCallerTest {
    private static final byte[] PIN = "739164".getBytes(StandardCharsets.UTF_8);

    @TempDir File folder;

    @Test
    void pinUnlocksACode() throws WalletException {
        File file = new File(folder, "wallet");
        try (Wallet wallet = Wallet.create(file, new SoftwareKeystore());
                PaymentUnlock unlock = PaymentUnlock.Companion.withoutLock()) {
            NewPaymentCredential provisioned = new NewPaymentCredential(new byte[16], "Ann", "4960", 86_400L);
            String id = Secrets.add(wallet.getPayments(), unlock, provisioned, new byte[32]);
            Secrets.setPin(wallet.getPayments(), unlock, PIN);
            unlock.lock();
            assertThrows(WalletException.PaymentsLocked.class, () -> next(wallet, unlock, id));
            try (PaymentUnlock again = Secrets.unlockWithPin(wallet.getPayments(), PIN)) {
                PaymentCode code = next(wallet, again, id);
                assertTrue(code.getDigits().startsWith("4960"));
                assertEquals(21, code.getQr().getWidth());
                assertEquals(code.getValidFrom() + 30, code.getNextAt());
            }
        }
    }

    /** A keystore written in Java may throw the exceptions that the interface declares. */
    @Test
    void javaKeystoreThrowsItsExceptions() {
        File file = new File(folder, "wallet");
        assertThrows(WalletException.Locked.class, () -> Wallet.create(file, new LockedKeystore()));
    }

    private static final class LockedKeystore implements Keystore {
        @Override
        public byte[] wrap(byte[] plaintext) throws KeystoreException {
            throw new KeystoreException.Locked();
        }

        @Override
        public byte[] unwrap(byte[] wrapped) throws KeystoreException {
            throw new KeystoreException.Locked();
        }

        @Override
        public byte[] prf(byte[] input) throws KeystoreException {
            throw new KeystoreException.Locked();
        }

        @Override
        public byte[] publicKey() throws KeystoreException {
            throw new KeystoreException.Locked();
        }

        @Override
        public byte[] sign(byte[] message) throws KeystoreException {
            throw new KeystoreException.Locked();
        }

        @Override
        public void replaceSigningKey() throws KeystoreException {
            throw new KeystoreException.Locked();
        }
    }

    private static PaymentCode next(Wallet wallet, PaymentUnlock unlock, String id) throws WalletException {
        NextCode next = wallet.getPayments().nextCode(unlock, id, null, null);
        return ((NextCode.Code) next).getCode();
    }
}
