import app.tegata.*;
import java.io.File;

/** A barcode from Java, against the packed library: `cargo xtask package kotlin` compiles and runs it. */
final class Barcode {
    public static void main(String[] arguments) throws WalletException {
        new Thread(Wallet::prepare).start();
        try (Wallet wallet = Wallet.create(new File(arguments[0]), new NoKeystore());
                PaymentUnlock unlock = PaymentUnlock.Companion.withoutLock()) {
            NewPaymentCredential provisioned = new NewPaymentCredential(new byte[16], "Ann", "4960", 86_400L);
            String id = Secrets.add(wallet.getPayments(), unlock, provisioned, new byte[32]);
            NextCode next = wallet.getPayments().nextCode(unlock, id, null, null);
            PaymentCode code = ((NextCode.Code) next).getCode();
            System.out.println(size(code.getQr()) + ", " + size(code.getCode128()));
        }
    }

    private static String size(Symbol symbol) {
        return symbol.getWidth() + " x " + symbol.getHeight();
    }

    /** Encrypts nothing and signs nothing, which a phone's keystore does. */
    private static final class NoKeystore implements Keystore {
        @Override public byte[] wrap(byte[] plaintext) { return plaintext; }
        @Override public byte[] unwrap(byte[] wrapped) { return wrapped; }
        @Override public byte[] prf(byte[] input) { return input; }
        @Override public byte[] publicKey() { return new byte[65]; }
        @Override public byte[] sign(byte[] message) { return new byte[0]; }
        @Override public void replaceSigningKey() { }
    }
}
