package app.tegata.android

import android.security.keystore.StrongBoxUnavailableException
import app.tegata.KeystoreException
import app.tegata.PaymentUnlock
import app.tegata.Payments
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
 * Unlocks payments by a finger or a face, which release a key in hardware, or by the PIN.
 *
 * Biometric unlocking keeps 32 random bytes beside the wallet, sealed by a key that the device does not release without a
 * finger or a face, and never again once another was enrolled. [GateException.EnrolmentChanged] is thrown then, every time,
 * until the gate is [set up][setUp] again after the PIN. Errors of the keystore are thrown as [KeystoreException].
 *
 * @param wallet the wallet's own path.
 * @param dispatcher where disk and keystore are used.
 */
public class PaymentGate internal constructor(
    private val payments: Payments,
    wallet: File,
    private val dispatcher: CoroutineDispatcher,
    private val caller: KeystoreCaller,
) {
    @JvmOverloads
    public constructor(payments: Payments, wallet: File, dispatcher: CoroutineDispatcher = Dispatchers.IO) :
        this(payments, wallet, dispatcher, KeystoreCaller())

    private val alias = alias(wallet, "gate")
    private val file = DurableFile(File(wallet.path + ".gate"))

    /** Whether [unlock] is set up. Reads the disk. */
    @get:Throws(GateException::class, WalletException::class)
    public val isSetUp: Boolean get() = onDisk { file.read() } != null && payments.lockStatus()?.hasUnlockKey == true

    /**
     * Has payments unlocked by finger or face from now on, in place of those set up before. Locks payments if they were not
     * locked. Prompts once: what cannot be unlocked is not worth setting up.
     */
    @Throws(GateException::class, KeystoreException::class, WalletException::class)
    public suspend fun setUp(unlock: PaymentUnlock, prompter: BiometricPrompter) {
        val locked = withContext(dispatcher) { call { newCipher() } }
        val cipher = prompter.prompt(locked)
        withContext(dispatcher) {
            val secret = ByteArray(SECRET_BYTES).also(SecureRandom()::nextBytes)
            try {
                val sealed = call { cipher.doFinal(secret) }
                onDisk { file.write(cipher.iv + sealed) }
                payments.setUnlockKey(unlock, secret)
            } finally {
                secret.fill(0)
            }
        }
    }

    /** Unlocks payments by finger or face. */
    @Throws(GateException::class, KeystoreException::class, WalletException::class)
    public suspend fun unlock(prompter: BiometricPrompter): PaymentUnlock {
        val sealed = withContext(dispatcher) { onDisk { file.read() } } ?: throw GateException.NotSetUp()
        if (sealed.size <= NONCE_BYTES) throw GateException.NotSetUp()
        val locked = withContext(dispatcher) { call { cipherFor(sealed) } }
        val cipher = prompter.prompt(locked)
        return withContext(dispatcher) {
            open(call { cipher.doFinal(sealed, NONCE_BYTES, sealed.size - NONCE_BYTES) })
        }
    }

    /** Unlocks payments by the PIN, as it was typed, and wipes it. */
    @Throws(WalletException::class)
    public suspend fun unlockWithPin(pin: ByteArray): PaymentUnlock = try {
        withContext(dispatcher) { payments.unlockWithPin(pin) }
    } finally {
        pin.fill(0)
    }

    /** Removes unlocking by finger or face. The core refuses it while there is no PIN. */
    @Throws(GateException::class, KeystoreException::class, WalletException::class)
    public suspend fun takeDown(): Unit = withContext(dispatcher) {
        payments.forgetUnlockKey()
        onDisk { file.delete() }
        caller.call { platformStore().deleteEntry(alias) }
    }

    private fun newCipher(): Cipher {
        try {
            makeKey()
        } catch (_: InvalidAlgorithmParameterException) {
            // The parameters never change: this is thrown when no finger and no face is enrolled.
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
        val key = platformStore().key(alias) ?: throw KeystoreException.KeyMissing()
        val nonce = GCMParameterSpec(TAG_BITS, sealed, 0, NONCE_BYTES)
        return Cipher.getInstance(AES_GCM).apply { init(Cipher.DECRYPT_MODE, key, nonce) }
    }

    private fun open(secret: ByteArray): PaymentUnlock = try {
        payments.unlockWithKey(secret)
    } catch (_: WalletException.PaymentsLocked) {
        // The wallet has another secret, as when setting up was interrupted between the two.
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

    /** An invalidated key means a change of enrolled fingers or faces here: nothing else invalidates this one. */
    private fun <T> call(work: () -> T): T = try {
        caller.call(work)
    } catch (_: KeystoreException.KeyInvalidated) {
        throw GateException.EnrolmentChanged()
    }

    private companion object {
        const val SECRET_BYTES = 32
    }
}
