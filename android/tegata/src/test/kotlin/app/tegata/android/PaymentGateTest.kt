package app.tegata.android

import android.content.pm.PackageManager
import android.hardware.biometrics.BiometricManager
import android.hardware.biometrics.BiometricPrompt
import android.security.keystore.KeyPermanentlyInvalidatedException
import android.security.keystore.KeyProperties
import android.security.keystore.StrongBoxUnavailableException
import android.security.keystore.UserNotAuthenticatedException
import app.tegata.PaymentUnlock
import app.tegata.Wallet
import app.tegata.WalletException
import app.tegata.setPin
import app.tegata.setUnlockKey
import java.io.File
import java.security.InvalidAlgorithmParameterException
import java.security.ProviderException
import javax.crypto.AEADBadTagException
import javax.crypto.Cipher
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.async
import kotlinx.coroutines.launch
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
import org.robolectric.Shadows.shadowOf
import org.robolectric.shadow.api.Shadow
import org.robolectric.shadows.ShadowBiometricManager

@RunWith(RobolectricTestRunner::class)
class PaymentGateTest {
    @get:Rule
    val phone = TestPhone()

    private val gateKey by lazy { alias(phone.file, "gate1") }
    private val nextKey by lazy { alias(phone.file, "gate2") }
    private val sealed by lazy { File(phone.file.path + ".gate") }

    @Test
    fun `a finger unlocks payments after a restart`() {
        val id = locked { wallet, gate, unlock ->
            assertFalse(gate.isSetUp)
            gate.setUp(unlock, FINGER)
            assertTrue(gate.isSetUp)
            wallet.payments.list().single().id
        }
        repeat(2) {
            again { wallet, gate -> gate.unlock(FINGER).use { assertEquals(24, wallet.code(it, id).digits.length) } }
        }
        assertEquals(61, sealed.length())
    }

    @Test
    fun `the gate key needs a finger for each use`() {
        locked { _, gate, unlock -> gate.setUp(unlock, FINGER) }
        val spec = FakePlatform.made.getValue(gateKey).spec
        assertTrue(
            spec.isUserAuthenticationRequired && spec.isInvalidatedByBiometricEnrollment && spec.isStrongBoxBacked,
        )
        assertEquals(KeyProperties.AUTH_BIOMETRIC_STRONG, spec.userAuthenticationType)
        assertEquals(0, spec.userAuthenticationValidityDurationSeconds)
        assertEquals(256, spec.keySize)
        assertArrayEquals(arrayOf(KeyProperties.BLOCK_MODE_GCM), spec.blockModes)
    }

    @Test
    fun `without StrongBox the gate key is in the main chip`() {
        for (fault in listOf(StrongBoxUnavailableException(), ProviderException("a chip that fails"))) {
            FakePlatform.judge = { step, spec ->
                if (step == Step.MAKE && spec!!.isStrongBoxBacked) throw fault
            }
            locked { _, gate, unlock -> gate.setUp(unlock, FINGER) }
            assertFalse(FakePlatform.made.getValue(gateKey).spec.isStrongBoxBacked)
            again { _, gate -> gate.unlock(FINGER).close() }
            Wallet.destroy(phone.file)
            AndroidKeystore.forget(phone.file)
        }
    }

    @Test
    fun `a passing fault makes no weaker gate key`() = locked { _, gate, unlock ->
        FakePlatform.fail(Step.MAKE, ProviderException("busy"), times = 1)
        gate.setUp(unlock, FINGER)
        assertTrue(FakePlatform.made.getValue(gateKey).spec.isStrongBoxBacked)
    }

    @Test
    fun `settings can ask whether a set-up is possible`() = locked { _, gate, _ ->
        val sensor = Shadow.extract<ShadowBiometricManager>(phone.app.getSystemService(BiometricManager::class.java))
        sensor.setCanAuthenticate(false)
        assertFalse(gate.canSetUp(phone.app) == BiometricSupport.READY)
        sensor.setCanAuthenticate(true)
        sensor.setAuthenticatorType(BiometricManager.Authenticators.BIOMETRIC_STRONG)
        assertEquals(BiometricSupport.READY, gate.canSetUp(phone.app))
        setVersion(28)
        assertEquals(BiometricSupport.NO_SENSOR, gate.canSetUp(phone.app))
        shadowOf(phone.app.packageManager).setSystemFeature(PackageManager.FEATURE_FINGERPRINT, true)
        assertEquals(BiometricSupport.READY, gate.canSetUp(phone.app))
    }

    @Test
    fun `a new enrolment is reported until the next set-up`() {
        locked { _, gate, unlock -> gate.setUp(unlock, FINGER) }
        again { _, gate ->
            FakePlatform.judge = { step, spec ->
                val isOurs = step == Step.BEGIN && spec!!.isUserAuthenticationRequired
                if (isOurs) throw KeyPermanentlyInvalidatedException()
            }
            repeat(2) { fails<GateException.EnrolmentChanged> { gate.unlock(FINGER) } }
            val unlock = gate.unlockWithPin("739164".toByteArray())
            FakePlatform.judge = { _, _ -> }
            gate.setUp(unlock, FINGER)
            gate.unlock(FINGER).close()
        }
    }

    @Test
    fun `a refused finger leaves payments locked`() {
        locked { _, gate, unlock -> gate.setUp(unlock, FINGER) }
        again { _, gate ->
            fails<GateException.PinChosen> { gate.unlock { throw GateException.PinChosen() } }
            fails<GateException.Cancelled> { gate.unlock { throw GateException.Cancelled() } }
            gate.unlock(FINGER).close()
        }
    }

    @Test
    fun `without an enrolled finger nothing is set up`() {
        FakePlatform.judge = { step, spec ->
            val isOurs = step == Step.MAKE && spec!!.isUserAuthenticationRequired
            if (isOurs) throw InvalidAlgorithmParameterException("none enrolled")
        }
        locked { _, gate, unlock ->
            fails<GateException.NothingEnrolled> { gate.setUp(unlock, FINGER) }
            assertFalse(gate.isSetUp || sealed.exists())
        }
    }

    @Test
    fun `without a PIN nothing is set up and nobody is prompted`() = phone.create().use { wallet ->
        PaymentUnlock.withoutLock().use { unlock ->
            fails<GateException.PinRequired> { gate(wallet).setUp(unlock) { throw AssertionError("prompted") } }
            assertFalse(sealed.exists() || "tegata.wallet.gate" in FakePlatform.made)
        }
    }

    @Test
    fun `an interrupted set-up counts as none`() {
        locked { _, gate, unlock ->
            fails<GateException.NotSetUp> { gate.unlock(FINGER) }
            gate.setUp(unlock, FINGER)
            val first = sealed.readBytes()
            gate.setUp(unlock, FINGER)
            assertFalse(first.contentEquals(sealed.readBytes()))
            for (bytes in listOf(ByteArray(0), byteArrayOf(1), first.copyOf(62), byteArrayOf(3) + first.drop(1))) {
                sealed.writeBytes(bytes)
                assertFalse(gate.isSetUp)
                fails<GateException.KeyLost> { gate.unlock(FINGER) }
            }
            gate.setUp(unlock, FINGER)
            gate.unlock(FINGER).close()
        }
    }

    @Test
    fun `a lost key or altered secret is not replaced`() {
        locked { _, gate, unlock -> gate.setUp(unlock, FINGER) }
        again { _, gate ->
            sealed.writeBytes(sealed.readBytes().also { it[20] = (it[20] + 1).toByte() })
            fails<GateException.KeyLost> { gate.unlock(FINGER) }
            FakePlatform.made.remove(gateKey)
            fails<GateException.KeyLost> { gate.unlock(FINGER) }
            assertFalse(gate.isSetUp || gateKey in FakePlatform.made)
        }
    }

    @Test
    fun `a set-up that is not finished keeps the former one`() {
        locked { _, gate, unlock ->
            gate.setUp(unlock, FINGER)
            fails<GateException.Cancelled> { gate.setUp(unlock) { throw GateException.Cancelled() } }
            fails<CancellationException> { gate.setUp(unlock) { throw CancellationException("left") } }
            fails<GateException.WalletRefused> {
                gate.setUp(unlock) { cipher -> cipher.also { unlock.lock() } }
            }
            fails<GateException.WalletRefused> { gate.setUp(unlock) { error("no prompt") } }
            assertTrue(gate.isSetUp && nextKey !in FakePlatform.made)
            gate.unlock(FINGER).close()
        }
        again { _, gate ->
            gate.setUp(gate.unlock(FINGER), FINGER)
            assertTrue(gate.isSetUp && nextKey in FakePlatform.made && gateKey !in FakePlatform.made)
            gate.unlock(FINGER).close()
        }
    }

    @Test
    fun `a first set-up that is cancelled is none`() = locked { _, gate, unlock ->
        fails<GateException.Cancelled> { gate.setUp(unlock) { throw GateException.Cancelled() } }
        assertFalse(gate.isSetUp || sealed.exists() || gateKey in FakePlatform.made)
        fails<GateException.NotSetUp> { gate.unlock(FINGER) }
    }

    @Test
    fun `the key of an earlier version opens and is replaced`() {
        locked { _, gate, unlock ->
            gate.setUp(unlock, FINGER)
            FakePlatform.made["tegata.wallet.gate"] = FakePlatform.made.remove(gateKey)!!
            sealed.writeBytes(sealed.readBytes().copyOfRange(1, 61))
            assertTrue(gate.isSetUp)
            gate.unlock(FINGER).close()
            gate.setUp(unlock, FINGER)
            assertTrue("tegata.wallet.gate" !in FakePlatform.made && gateKey in FakePlatform.made)
            gate.unlock(FINGER).close()
        }
    }

    @Test
    fun `all that the gate throws is a GateException`() {
        locked { _, gate, unlock -> gate.setUp(unlock, FINGER) }
        again { _, gate ->
            for ((fault, expected) in mapOf(
                UserNotAuthenticatedException() to GateException.DeviceLocked::class,
                ProviderException("a maker's bug") to GateException.Unavailable::class,
                AEADBadTagException() to GateException.KeyLost::class,
            )) {
                FakePlatform.fail(Step.BEGIN, fault)
                assertEquals(
                    expected,
                    assertThrows(GateException::class.java) {
                        runBlocking { gate.unlock(FINGER) }
                    }::class,
                )
            }
            FakePlatform.judge = { _, _ -> }
            fails<GateException.Unavailable> { gate.unlock { throw IllegalStateException("no activity") } }
        }
        val closed = phone.open().also { it.close() }
        runBlocking {
            val gate = gate(closed)
            fails<GateException.WalletRefused> { gate.isSetUp }
            fails<GateException.WalletRefused> { gate.unlock(FINGER) }
            fails<GateException.WalletRefused> { gate.unlockWithPin("739164".toByteArray()) }
            fails<GateException.WalletRefused> { gate.takeDown() }
        }
    }

    @Test
    fun `what a cancelled caller opened is closed`(): Unit = runBlocking {
        var isClosed = false
        lateinit var opening: Job
        opening = launch(start = CoroutineStart.LAZY) {
            deliver(Dispatchers.IO) {
                opening.cancel()
                AutoCloseable { isClosed = true }
            }
        }
        opening.join()
        assertTrue(isClosed)
    }

    @Test
    fun `a secret that the wallet does not know is not set up`() {
        locked { wallet, gate, unlock ->
            gate.setUp(unlock, FINGER)
            wallet.payments.setUnlockKey(unlock, ByteArray(32) { 9 })
            fails<GateException.NotSetUp> { gate.unlock(FINGER) }
            wallet.payments.forgetUnlockKey()
            assertTrue(sealed.exists())
            assertFalse(gate.isSetUp)
            fails<GateException.NotSetUp> { gate.unlock(FINGER) }
        }
    }

    @Test
    fun `a disk error makes the gate unavailable`() {
        locked { _, gate, unlock ->
            assertTrue(sealed.mkdir() && File(sealed, "a").createNewFile())
            fails<GateException.Unavailable> { gate.isSetUp }
            fails<GateException.Unavailable> { gate.setUp(unlock, FINGER) }
            fails<GateException.Unavailable> { gate.unlock(FINGER) }
            sealed.deleteRecursively()
            gate.setUp(unlock, FINGER)
            assertTrue(sealed.delete() && sealed.mkdir() && File(sealed, "a").createNewFile())
            fails<GateException.Unavailable> { gate.takeDown() }
        }
    }

    @Test
    fun `a PIN is wiped even if it is wrong`() {
        locked { _, _, _ -> }
        again { _, gate ->
            val (right, wrong) = "739164".toByteArray() to "915283".toByteArray()
            val refused =
                assertThrows(GateException.WalletRefused::class.java) { runBlocking { gate.unlockWithPin(wrong) } }
            assertTrue(refused.reason is WalletException.WrongPin)
            gate.unlockWithPin(right).close()
            assertArrayEquals(ByteArray(12), right + wrong)
        }
    }

    @Test
    fun `taking the gate down removes key and secret`() {
        locked { _, gate, unlock -> gate.setUp(unlock, FINGER) }
        again { _, gate ->
            gate.takeDown()
            assertFalse(gate.isSetUp || sealed.exists() || gateKey in FakePlatform.made)
            gate.unlockWithPin("739164".toByteArray()).close()
        }
    }

    @Test
    fun `only the first callback of the prompt counts`() {
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
    fun `cancelling dismisses the system's prompt`() {
        val activity = phone.activity().setup().get()
        runBlocking {
            val cipher = Cipher.getInstance("AES/GCM/NoPadding", "SunJCE")
            val waiting =
                async(Dispatchers.Unconfined, CoroutineStart.UNDISPATCHED) { BiometricDialog(activity).prompt(cipher) }
            idle()
            assertTrue(waiting.isActive)
            waiting.cancel()
            idle()
            assertSame(true, waiting.isCancelled)
        }
    }

    /** With a wallet that has a card and a PIN. */
    private fun <T> locked(work: suspend (Wallet, PaymentGate, PaymentUnlock) -> T): T = phone.create().use { wallet ->
        PaymentUnlock.withoutLock().use { unlock ->
            wallet.card(unlock)
            wallet.payments.setPin(unlock, "739164".toByteArray())
            runBlocking { work(wallet, gate(wallet), unlock) }
        }
    }

    private fun again(work: suspend (Wallet, PaymentGate) -> Unit) =
        phone.open().use { wallet -> runBlocking { work(wallet, gate(wallet)) } }

    private fun gate(wallet: Wallet) = PaymentGate(wallet.payments, phone.file, Dispatchers.Unconfined, phone.caller)

    private inline fun <reified E : Exception> fails(crossinline work: suspend () -> Any) {
        assertThrows(E::class.java) { runBlocking { work() } }
    }

    private fun answer(work: BiometricCallback.() -> Unit): Result<Cipher> = runCatching {
        runBlocking { suspendCancellableCoroutine { BiometricCallback(it).work() } }
    }

    private companion object {
        /** A finger that is recognised. */
        val FINGER = BiometricPrompter { it }
    }
}
