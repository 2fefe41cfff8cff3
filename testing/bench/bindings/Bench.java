import app.tegata.*;
import java.io.File;
import java.util.Arrays;

/** What a call costs a program on a JVM, against the packed library: see `cargo xtask bench bindings`. */
final class Bench {
    public static void main(String[] arguments) throws Exception {
        if (arguments[0].equals("parts")) parts();
        else calls(new File(arguments[0]));
    }

    private static void calls(File file) throws WalletException {
        long began = System.nanoTime();
        Wallet.prepare();
        long prepared = System.nanoTime();
        ManualClock clock = new ManualClock(1_800_000_000L);
        long first = System.nanoTime() - began;
        long second = first - (prepared - began);
        try (Wallet wallet = Wallet.create(file, new NoKeystore(), null, clock);
                PaymentUnlock unlock = PaymentUnlock.Companion.withoutLock()) {
            String[] id = new String[1];
            for (int n = 0; n < 100; n++) {
                NewPaymentCredential provisioned = new NewPaymentCredential(new byte[16], "Ann " + n, "4960", 86_400L);
                id[0] = Secrets.add(wallet.getPayments(), unlock, provisioned, new byte[32]);
            }
            long[] now = {1_800_000_000L};
            long empty = median(10_000, () -> clock.set(now[0]));
            long code = median(2_000, () -> {
                clock.set(now[0] += 30);
                wallet.getPayments().nextCode(unlock, id[0], null, null);
            });
            long list = median(500, () -> wallet.getPayments().list());
            System.out.printf("{\"first\":%d,\"prepared\":%d,\"empty\":%d,\"code\":%d,\"list\":%d}%n", first, second, empty, code, list);
        }
    }

    /** What the first call is made of, in the order in which it happens by itself. */
    private static void parts() throws Exception {
        long[] times = new long[6];
        times[0] = System.nanoTime();
        Class.forName("com.sun.jna.Native");
        times[1] = System.nanoTime();
        com.sun.jna.NativeLibrary.getInstance("tegata_ffi");
        times[2] = System.nanoTime();
        Class.forName("app.tegata.IntegrityCheckingUniffiLib");
        times[3] = System.nanoTime();
        Class.forName("app.tegata.UniffiLib");
        times[4] = System.nanoTime();
        new ManualClock(0);
        times[5] = System.nanoTime();
        System.out.printf("{\"jna\":%d,\"library\":%d,\"checks\":%d,\"functions\":%d,\"call\":%d,\"all\":%d}%n",
                times[1] - times[0], times[2] - times[1], times[3] - times[2], times[4] - times[3],
                times[5] - times[4], times[5] - times[0]);
    }

    private interface Work { void run() throws WalletException; }

    /** The median of the second half: by then the JVM has compiled what it runs. */
    private static long median(int times, Work work) throws WalletException {
        long[] taken = new long[times];
        for (int at = 0; at < times; at++) {
            long began = System.nanoTime();
            work.run();
            taken[at] = System.nanoTime() - began;
        }
        long[] late = Arrays.copyOfRange(taken, times / 2, times);
        Arrays.sort(late);
        return late[late.length / 2];
    }

    private static final class NoKeystore implements Keystore {
        @Override public byte[] wrap(byte[] plaintext) { return plaintext; }
        @Override public byte[] unwrap(byte[] wrapped) { return wrapped; }
        @Override public byte[] prf(byte[] input) { return input; }
        @Override public byte[] publicKey() { return new byte[65]; }
        @Override public byte[] sign(byte[] message) { return new byte[0]; }
        @Override public void replaceSigningKey() { }
    }
}
