package app.tegata.android

import android.security.keystore.StrongBoxUnavailableException
import app.tegata.KeystoreFailure
import app.tegata.Payments
import app.tegata.PaymentUnlock
import app.tegata.WalletException
import app.tegata.setUnlockKey
import app.tegata.unlockWithKey
import app.tegata.unlockWithPin
import java.io.File
import java.io.IOException
import java.security.InvalidAlgorithmParameterException
import java.security.SecureRandom
import javax.crypto.Cipher
import javax.crypto.spec.GCMParameterSpec
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.withContext

/**
 * Two ways to unlock payments: a finger or a face, which frees a key in hardware, and the PIN.
 *
 * The first keeps 32 random bytes beside the wallet, sealed by a key that the device gives to nobody without a finger, and
 * to nobody at all once another finger was enrolled. [GateException.EnrolmentChanged] says so, every time, until the gate is
 * [set up][setUp] again after the PIN. A fault of the keystore arrives as the [KeystoreFailure] that it is.
 *
 * @param wallet the wallet's own path.
 * @param dispatcher where disk and keystore are waited for.
 */
public class PaymentGate internal constructor(
    private val payments: Payments,
    wallet: File,
    private val dispatcher: CoroutineDispatcher,
    private val faults: KeyFaults,
) {
    @JvmOverloads
    public constructor(payments: Payments, wallet: File, dispatcher: CoroutineDispatcher = Dispatchers.IO) :
        this(payments, wallet, dispatcher, KeyFaults())

    private val alias = alias(wallet, "gate")
    private val kept = Kept(File(wallet.path + ".gate"))

    /** Whether [unlock] has something to ask for. Looks at the disk. */
    @get:Throws(GateException::class, WalletException::class)
    public val isSetUp: Boolean get() = onDisk { kept.read() } != null && payments.lockStatus()?.key == true

    /**
     * Opens payments by finger or face from now on, in place of whichever were meant before. Locks payments if they were
     * not. The person is asked once: what cannot be opened is not worth setting up.
     */
    @Throws(GateException::class, KeystoreFailure::class, WalletException::class)
    public suspend fun setUp(unlocked: PaymentUnlock, ask: BiometricAsk) {
        val locked = withContext(dispatcher) { named { newCipher() } }
        val cipher = ask.ask(locked)
        withContext(dispatcher) {
            val secret = ByteArray(SECRET_BYTES).also(SecureRandom()::nextBytes)
            try {
                val sealed = named { cipher.doFinal(secret) }
                onDisk { kept.write(cipher.iv + sealed) }
                payments.setUnlockKey(unlocked, secret)
            } finally {
                secret.fill(0)
            }
        }
    }

    /** Opens payments by finger or face. */
    @Throws(GateException::class, KeystoreFailure::class, WalletException::class)
    public suspend fun unlock(ask: BiometricAsk): PaymentUnlock {
        val sealed = withContext(dispatcher) { onDisk { kept.read() } } ?: throw GateException.NotSetUp()
        if (sealed.size <= NONCE_BYTES) throw GateException.NotSetUp()
        val locked = withContext(dispatcher) { named { cipherFor(sealed) } }
        val cipher = ask.ask(locked)
        return withContext(dispatcher) {
            open(named { cipher.doFinal(sealed, NONCE_BYTES, sealed.size - NONCE_BYTES) })
        }
    }

    /** Opens payments by the PIN, as it was typed, and wipes it. */
    @Throws(WalletException::class)
    public suspend fun unlockWithPin(pin: ByteArray): PaymentUnlock = try {
        withContext(dispatcher) { payments.unlockWithPin(pin) }
    } finally {
        pin.fill(0)
    }

    /** Has payments no longer opened by finger or face. Refused, by the core, while there is no PIN. */
    @Throws(GateException::class, KeystoreFailure::class, WalletException::class)
    public suspend fun takeDown(): Unit = withContext(dispatcher) {
        payments.forgetUnlockKey()
        onDisk { kept.delete() }
        faults.named { platformStore().deleteEntry(alias) }
    }

    private fun newCipher(): Cipher {
        try {
            makeKey()
        } catch (_: InvalidAlgorithmParameterException) {
            // The parameters never change: what the device lacks for them is a finger.
            throw GateException.NothingEnrolled()
        }
        return Cipher.getInstance(AES_GCM).apply { init(Cipher.ENCRYPT_MODE, platformStore().key(alias)) }
    }

    private fun makeKey() = try {
        makeBiometricKey(alias, strongBox = true)
    } catch (_: StrongBoxUnavailableException) {
        makeBiometricKey(alias, strongBox = false)
    }

    private fun cipherFor(sealed: ByteArray): Cipher {
        val key = platformStore().key(alias) ?: throw KeystoreFailure.KeyMissing()
        val nonce = GCMParameterSpec(TAG_BITS, sealed, 0, NONCE_BYTES)
        return Cipher.getInstance(AES_GCM).apply { init(Cipher.DECRYPT_MODE, key, nonce) }
    }

    private fun open(secret: ByteArray): PaymentUnlock = try {
        payments.unlockWithKey(secret)
    } catch (_: WalletException.PaymentsLocked) {
        // The wallet knows another secret, as when setting up was cut off between the two.
        throw GateException.NotSetUp()
    } catch (_: WalletException.UnlockNotSet) {
        throw GateException.NotSetUp()
    } finally {
        secret.fill(0)
    }

    private inline fun <T> onDisk(work: () -> T): T = try {
        work()
    } catch (_: IOException) {
        throw GateException.Unavailable()
    }

    /** What is a refusal of any key's is a change of fingers here: nothing else invalidates this one. */
    private fun <T> named(work: () -> T): T = try {
        faults.named(work)
    } catch (_: KeystoreFailure.KeyInvalidated) {
        throw GateException.EnrolmentChanged()
    }

    private companion object {
        const val SECRET_BYTES = 32
    }
}
