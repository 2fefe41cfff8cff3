package app.tegata.android

import android.hardware.biometrics.BiometricPrompt
import android.security.keystore.KeyPermanentlyInvalidatedException
import android.security.keystore.KeyProperties
import android.security.keystore.StrongBoxUnavailableException
import app.tegata.KeystoreFailure
import app.tegata.PaymentUnlock
import app.tegata.Wallet
import app.tegata.WalletException
import app.tegata.setPin
import app.tegata.setUnlockKey
import java.io.File
import java.security.InvalidAlgorithmParameterException
import javax.crypto.Cipher
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.suspendCancellableCoroutine
import org.junit.Assert.assertArrayEquals
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertSame
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Rule
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner

@RunWith(RobolectricTestRunner::class)
class PaymentGateTest {
    @get:Rule
    val phone = Phone()

    private val sealed by lazy { File(phone.file.path + ".gate") }

    @Test
    fun `a finger opens payments, again and again, after the app was gone`() {
        val id = locked { wallet, gate, unlocked ->
            assertFalse(gate.isSetUp)
            gate.setUp(unlocked, FINGER)
            assertTrue(gate.isSetUp)
            wallet.payments.list().single().id
        }
        repeat(2) {
            again { wallet, gate -> gate.unlock(FINGER).use { assertEquals(24, wallet.code(it, id).digits.length) } }
        }
        assertEquals(60, sealed.length())
    }

    @Test
    fun `its key asks for a finger each time, and ends with a new one`() {
        locked { _, gate, unlocked -> gate.setUp(unlocked, FINGER) }
        val spec = FakePlatform.made.getValue("tegata.wallet.gate").spec
        assertTrue(
            spec.isUserAuthenticationRequired && spec.isInvalidatedByBiometricEnrollment && spec.isStrongBoxBacked,
        )
        assertEquals(KeyProperties.AUTH_BIOMETRIC_STRONG, spec.userAuthenticationType)
        assertEquals(0, spec.userAuthenticationValidityDurationSeconds)
        assertEquals(256, spec.keySize)
        assertArrayEquals(arrayOf(KeyProperties.BLOCK_MODE_GCM), spec.blockModes)
    }

    @Test
    fun `a phone without a chip of its own keeps the key in the main one`() {
        FakePlatform.judge = { step, spec ->
            if (step == Step.MAKE && spec!!.isStrongBoxBacked) throw StrongBoxUnavailableException()
        }
        locked { _, gate, unlocked -> gate.setUp(unlocked, FINGER) }
        assertFalse(FakePlatform.made.getValue("tegata.wallet.gate").spec.isStrongBoxBacked)
        again { _, gate -> gate.unlock(FINGER).close() }
    }

    @Test
    fun `after a new enrolment it says so each time until it was set up again, and the PIN opens meanwhile`() {
        locked { _, gate, unlocked -> gate.setUp(unlocked, FINGER) }
        again { _, gate ->
            FakePlatform.judge = { step, spec ->
                val isOurs = step == Step.BEGIN && spec!!.isUserAuthenticationRequired
                if (isOurs) throw KeyPermanentlyInvalidatedException()
            }
            repeat(2) { fails<GateException.EnrolmentChanged> { gate.unlock(FINGER) } }
            val unlocked = gate.unlockWithPin("2580".toByteArray())
            FakePlatform.judge = { _, _ -> }
            gate.setUp(unlocked, FINGER)
            gate.unlock(FINGER).close()
        }
    }

    @Test
    fun `what a finger refused stays locked, and its reason arrives`() {
        locked { _, gate, unlocked -> gate.setUp(unlocked, FINGER) }
        again { _, gate ->
            fails<GateException.PinChosen> { gate.unlock { throw GateException.PinChosen() } }
            fails<GateException.Cancelled> { gate.unlock { throw GateException.Cancelled() } }
            gate.unlock(FINGER).close()
        }
    }

    @Test
    fun `a phone that knows no finger says so, and nothing is locked by one`() {
        FakePlatform.judge = { step, spec ->
            val isOurs = step == Step.MAKE && spec!!.isUserAuthenticationRequired
            if (isOurs) throw InvalidAlgorithmParameterException("none enrolled")
        }
        locked { _, gate, unlocked ->
            fails<GateException.NothingEnrolled> { gate.setUp(unlocked, FINGER) }
            assertFalse(gate.isSetUp || sealed.exists())
        }
    }

    @Test
    fun `without setting it up, or after a set-up that was cut off, there is nothing to ask for`() {
        locked { _, gate, unlocked ->
            fails<GateException.NotSetUp> { gate.unlock(FINGER) }
            gate.setUp(unlocked, FINGER)
            val first = sealed.readBytes()
            gate.setUp(unlocked, FINGER)
            assertFalse(first.contentEquals(sealed.readBytes()))
            sealed.writeBytes(byteArrayOf(1))
            fails<GateException.NotSetUp> { gate.unlock(FINGER) }
        }
    }

    @Test
    fun `a lost key is missing, an altered secret damaged, and none is made anew`() {
        locked { _, gate, unlocked -> gate.setUp(unlocked, FINGER) }
        again { _, gate ->
            sealed.writeBytes(sealed.readBytes().also { it[20] = (it[20] + 1).toByte() })
            fails<KeystoreFailure.Damaged> { gate.unlock(FINGER) }
            FakePlatform.made.remove("tegata.wallet.gate")
            fails<KeystoreFailure.KeyMissing> { gate.unlock(FINGER) }
            assertFalse("tegata.wallet.gate" in FakePlatform.made)
        }
    }

    @Test
    fun `what the wallet does not know, or no longer, is not set up`() {
        locked { wallet, gate, unlocked ->
            gate.setUp(unlocked, FINGER)
            wallet.payments.setUnlockKey(unlocked, ByteArray(32) { 9 })
            fails<GateException.NotSetUp> { gate.unlock(FINGER) }
            wallet.payments.forgetUnlockKey()
            assertTrue(sealed.exists())
            assertFalse(gate.isSetUp)
            fails<GateException.NotSetUp> { gate.unlock(FINGER) }
        }
    }

    @Test
    fun `a disk that refuses is a gate that cannot be used`() {
        locked { _, gate, unlocked ->
            assertTrue(sealed.mkdir() && File(sealed, "a").createNewFile())
            fails<GateException.Unavailable> { gate.isSetUp }
            fails<GateException.Unavailable> { gate.setUp(unlocked, FINGER) }
            fails<GateException.Unavailable> { gate.unlock(FINGER) }
            sealed.deleteRecursively()
            gate.setUp(unlocked, FINGER)
            assertTrue(sealed.delete() && sealed.mkdir() && File(sealed, "a").createNewFile())
            fails<GateException.Unavailable> { gate.takeDown() }
        }
    }

    @Test
    fun `a wrong PIN is told, and what was typed is wiped in any case`() {
        locked { _, _, _ -> }
        again { _, gate ->
            val (right, wrong) = "2580".toByteArray() to "0852".toByteArray()
            fails<WalletException.WrongPin> { gate.unlockWithPin(wrong) }
            gate.unlockWithPin(right).close()
            assertArrayEquals(ByteArray(8), right + wrong)
        }
    }

    @Test
    fun `taken down, it leaves neither key nor secret, and the PIN goes on`() {
        locked { _, gate, unlocked -> gate.setUp(unlocked, FINGER) }
        again { _, gate ->
            gate.takeDown()
            assertFalse(gate.isSetUp || sealed.exists() || "tegata.wallet.gate" in FakePlatform.made)
            gate.unlockWithPin("2580".toByteArray()).close()
        }
    }

    @Test
    fun `what the prompt says becomes what an app can act on, and only the first of it counts`() {
        val said = mapOf(
            BiometricPrompt.BIOMETRIC_ERROR_CANCELED to GateException.Cancelled::class,
            BiometricPrompt.BIOMETRIC_ERROR_USER_CANCELED to GateException.Cancelled::class,
            BiometricPrompt.BIOMETRIC_ERROR_TIMEOUT to GateException.Cancelled::class,
            BiometricPrompt.BIOMETRIC_ERROR_LOCKOUT to GateException.LockedOut::class,
            BiometricPrompt.BIOMETRIC_ERROR_LOCKOUT_PERMANENT to GateException.LockedOut::class,
            BiometricPrompt.BIOMETRIC_ERROR_NO_BIOMETRICS to GateException.NothingEnrolled::class,
            BiometricPrompt.BIOMETRIC_ERROR_HW_NOT_PRESENT to GateException.Unavailable::class,
            BiometricPrompt.BIOMETRIC_ERROR_HW_UNAVAILABLE to GateException.Unavailable::class,
            BiometricPrompt.BIOMETRIC_ERROR_VENDOR to GateException.Unavailable::class,
        )
        for ((code, reason) in said) {
            val thrown = answer { onAuthenticationError(code, "in the system's words") }
            assertEquals("$code", reason, thrown.exceptionOrNull()!!::class)
        }
        for ((code, isForLong) in mapOf(
            BiometricPrompt.BIOMETRIC_ERROR_LOCKOUT to false,
            BiometricPrompt.BIOMETRIC_ERROR_LOCKOUT_PERMANENT to true,
        )) {
            val lockedOut = answer { onAuthenticationError(code, null) }.exceptionOrNull() as GateException.LockedOut
            assertEquals("$code", isForLong, lockedOut.forLong)
        }
        val first = answer {
            onAuthenticationFailed() // a wrong finger is not an end
            fail(GateException.PinChosen())
            onAuthenticationError(BiometricPrompt.BIOMETRIC_ERROR_USER_CANCELED, null)
        }
        assertEquals(GateException.PinChosen::class, first.exceptionOrNull()!!::class)
    }

    @Test
    fun `the system's prompt goes away with whoever waits for it`() {
        val activity = phone.activity().setup().get()
        runBlocking {
            val cipher = Cipher.getInstance("AES/GCM/NoPadding", "SunJCE")
            val waiting =
                async(Dispatchers.Unconfined, CoroutineStart.UNDISPATCHED) { BiometricDialog(activity).ask(cipher) }
            idle()
            assertTrue(waiting.isActive)
            waiting.cancel()
            idle()
            assertSame(true, waiting.isCancelled)
        }
    }

    /** With a wallet that has a card and a PIN. */
    private fun <T> locked(work: suspend (Wallet, PaymentGate, PaymentUnlock) -> T): T = phone.create().use { wallet ->
        PaymentUnlock.withoutLock().use { unlocked ->
            wallet.card(unlocked)
            wallet.payments.setPin(unlocked, "2580".toByteArray())
            runBlocking { work(wallet, gate(wallet), unlocked) }
        }
    }

    private fun again(work: suspend (Wallet, PaymentGate) -> Unit) =
        phone.open().use { wallet -> runBlocking { work(wallet, gate(wallet)) } }

    private fun gate(wallet: Wallet) = PaymentGate(wallet.payments, phone.file, Dispatchers.Unconfined, phone.faults)

    private inline fun <reified E : Exception> fails(crossinline work: suspend () -> Any) {
        assertThrows(E::class.java) { runBlocking { work() } }
    }

    private fun answer(work: BiometricAnswers.() -> Unit): Result<Cipher> = runCatching {
        runBlocking { suspendCancellableCoroutine { BiometricAnswers(it).work() } }
    }

    private companion object {
        /** A finger that is known. */
        val FINGER = BiometricAsk { it }
    }
}
