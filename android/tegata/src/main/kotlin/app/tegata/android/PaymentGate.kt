package app.tegata.android

import android.content.Context
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
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.withContext

/**
 * Unlocks payments by a finger or a face, which release a key in hardware, or by the PIN.
 *
 * Biometric unlocking keeps 32 random bytes beside the wallet, sealed by a key that the device does not release without a
 * finger or a face, and never again once another was enrolled. [GateException.EnrolmentChanged] is thrown then, every time,
 * until the gate is [set up][setUp] again after the PIN.
 *
 * Throws nothing but a [GateException], and when its coroutine is cancelled.
 *
 * @param wallet the wallet's own path.
 * @param dispatcher where disk and keystore are used.
 */
public class PaymentGate internal constructor(
    private val payments: Payments,
    private val wallet: File,
    private val dispatcher: CoroutineDispatcher,
    private val caller: KeystoreCaller,
) {
    @JvmOverloads
    public constructor(payments: Payments, wallet: File, dispatcher: CoroutineDispatcher = Dispatchers.IO) :
        this(payments, wallet, dispatcher, KeystoreCaller())

    private val file = GateFile(wallet)

    /** Whether [unlock] is set up and its key is there. Reads disk and keystore. */
    @get:Throws(GateException::class)
    public val isSetUp: Boolean get() = ofOneFamily {
        val slot = usedSlot()
        slot != null && hasKey(slot) && payments.lockStatus()?.hasUnlockKey == true
    }

    /** Tells whether [setUp] can succeed on this phone, for a page of settings. Prompts for nothing. */
    public fun canSetUp(context: Context): BiometricSupport = BiometricSupport.of(context)

    /**
     * Has payments unlocked by finger or face from now on, beside the PIN. Prompts once: what cannot be unlocked is not worth
     * setting up. Until the prompt has succeeded, what was set up before stays as it is. Throws [GateException.PinRequired]
     * without a PIN.
     */
    @Throws(GateException::class)
    public suspend fun setUp(unlock: PaymentUnlock, prompter: BiometricPrompter) {
        val former = onDisk { usedSlot() }
        val slot = if (former == 1) 2 else 1
        var isDone = false
        try {
            val locked = onDisk {
                if (payments.lockStatus()?.pinTriesLeft == null) throw GateException.PinRequired()
                newCipher(unlock, slot)
            }
            val released = prompter.release(locked)
            onDisk {
                replaceSecret(unlock, slot, released)
                isDone = true
            }
        } finally {
            withContext(NonCancellable + dispatcher) { deleteKey(if (isDone) former else slot) }
        }
    }

    /** Unlocks payments by finger or face. */
    @Throws(GateException::class)
    public suspend fun unlock(prompter: BiometricPrompter): PaymentUnlock {
        val sealed = onDisk { file.read() } ?: throw GateException.NotSetUp()
        val locked = onDisk { cipherFor(sealed) }
        val released = prompter.release(locked)
        return deliver(dispatcher) { ofOneFamily { open(caller.call { released.doFinal(sealed.ciphertext) }) } }
    }

    /** Unlocks payments by the PIN, as it was typed, and wipes it. */
    @Throws(GateException::class)
    public suspend fun unlockWithPin(pin: ByteArray): PaymentUnlock = try {
        deliver(dispatcher) { ofOneFamily { payments.unlockWithPin(pin) } }
    } finally {
        pin.fill(0)
    }

    /** Removes unlocking by finger or face. The core refuses it while there is no PIN. */
    @Throws(GateException::class)
    public suspend fun takeDown(): Unit = onDisk {
        payments.forgetUnlockKey()
        file.delete()
        caller.call { for (slot in 0..GateFile.SLOTS) platformStore().deleteEntry(alias(slot)) }
    }

    private fun newCipher(unlock: PaymentUnlock, slot: Int): Cipher {
        if (unlock.isLocked()) throw WalletException.PaymentsLocked()
        val alias = alias(slot)
        return caller.call {
            var cipher: Cipher? = null
            try {
                makeWithOptions(caller, gateKeyOptions, { makeBiometricKey(alias, it.strongBox) }) {
                    cipher = Cipher.getInstance(AES_GCM).apply { init(Cipher.ENCRYPT_MODE, platformStore().key(alias)) }
                }
            } catch (_: InvalidAlgorithmParameterException) {
                // The parameters never change: this is thrown when no finger and no face is enrolled.
                throw GateException.NothingEnrolled()
            }
            cipher!!
        }
    }

    /** Gives file and wallet another secret, or leaves both as they were. */
    private fun replaceSecret(unlock: PaymentUnlock, slot: Int, cipher: Cipher) {
        val secret = ByteArray(GateFile.SECRET_BYTES).also(SecureRandom()::nextBytes)
        var isDone = false
        try {
            val sealed = caller.call { SealedSecret(slot, cipher.iv, cipher.doFinal(secret)) }
            val before = file.write(sealed)
            try {
                payments.setUnlockKey(unlock, secret)
                isDone = true
            } finally {
                if (!isDone) file.restore(before)
            }
        } finally {
            secret.fill(0)
        }
    }

    /** Gives the slot of the key in use, or nothing if there is none, or none that can be known. */
    private fun usedSlot(): Int? = try {
        file.read()?.slot
    } catch (_: GateException.KeyLost) {
        null
    }

    private fun hasKey(slot: Int): Boolean = caller.call { platformStore().containsAlias(alias(slot)) }

    /** Deletes a key that nothing needs. If that fails, the next set-up replaces it. */
    private fun deleteKey(slot: Int?) {
        if (slot == null) return
        try {
            caller.call { platformStore().deleteEntry(alias(slot)) }
        } catch (_: KeystoreException) {
            return
        }
    }

    private fun alias(slot: Int): String =
        if (slot == 0) earlierAlias(wallet, GATE_USES[0]) else alias(wallet, GATE_USES[slot])

    private fun cipherFor(sealed: SealedSecret): Cipher = caller.call {
        val key = platformStore().key(alias(sealed.slot)) ?: throw KeystoreException.KeyMissing()
        Cipher.getInstance(AES_GCM).apply { init(Cipher.DECRYPT_MODE, key, GCMParameterSpec(TAG_BITS, sealed.nonce)) }
    }

    private fun open(secret: ByteArray): PaymentUnlock = try {
        payments.unlockWithKey(secret)
    } catch (_: WalletException.PaymentsLocked) {
        // The wallet has another secret, as when the power went between the two.
        throw GateException.NotSetUp()
    } catch (_: WalletException.UnlockNotSet) {
        throw GateException.NotSetUp()
    } finally {
        secret.fill(0)
    }

    private suspend fun <T> onDisk(work: () -> T): T = withContext(dispatcher) { ofOneFamily(work) }
}

/** Gives what [work] opened, or closes it again if the caller was cancelled and will never see it. */
internal suspend fun <T : AutoCloseable> deliver(dispatcher: CoroutineDispatcher, work: () -> T): T {
    var opened: T? = null
    return try {
        withContext(dispatcher) { work().also { opened = it } }
    } catch (cancelled: CancellationException) {
        opened?.close()
        throw cancelled
    }
}

/** Has the prompter release the cipher. An app's prompter may throw anything. */
@Suppress("TooGenericExceptionCaught")
private suspend fun BiometricPrompter.release(cipher: Cipher): Cipher = try {
    prompt(cipher)
} catch (gate: GateException) {
    throw gate
} catch (cancelled: CancellationException) {
    throw cancelled
} catch (_: Exception) {
    throw GateException.Unavailable()
}

/** Turns whatever disk, keystore and wallet throw into a [GateException]. */
private inline fun <T> ofOneFamily(work: () -> T): T = try {
    work()
} catch (_: IOException) {
    throw GateException.Unavailable()
} catch (fault: KeystoreException) {
    throw fault.ofGate()
} catch (refused: WalletException) {
    throw GateException.WalletRefused(refused)
}

private fun KeystoreException.ofGate(): GateException = when (this) {
    // Nothing else invalidates this key.
    is KeystoreException.KeyInvalidated -> GateException.EnrolmentChanged()
    is KeystoreException.KeyMissing, is KeystoreException.Damaged, is KeystoreException.WrongDevice ->
        GateException.KeyLost()
    is KeystoreException.Locked -> GateException.DeviceLocked()
    is KeystoreException.Failed, is KeystoreException.Undeclared -> GateException.Unavailable()
}
