package app.tegata.android

import android.app.KeyguardManager
import android.os.Build
import android.os.DeadObjectException
import android.security.KeyStoreException
import android.security.keystore.BackendBusyException
import android.security.keystore.KeyGenParameterSpec
import android.security.keystore.KeyPermanentlyInvalidatedException
import android.security.keystore.KeyProperties
import android.security.keystore.StrongBoxUnavailableException
import android.security.keystore.UserNotAuthenticatedException
import app.tegata.KeystoreException
import app.tegata.PaymentUnlock
import app.tegata.Wallet
import app.tegata.WalletException
import app.tegata.setPin
import app.tegata.unlockWithPin
import java.io.File
import java.math.BigInteger
import java.security.InvalidKeyException
import java.security.KeyFactory
import java.security.ProviderException
import java.security.Signature
import java.security.UnrecoverableKeyException
import java.security.interfaces.ECPublicKey
import java.security.spec.ECGenParameterSpec
import java.security.spec.ECPoint
import java.security.spec.ECPublicKeySpec
import javax.crypto.IllegalBlockSizeException
import kotlin.reflect.KClass
import org.junit.Assert.assertArrayEquals
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertNull
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Rule
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.Shadows.shadowOf

@RunWith(RobolectricTestRunner::class)
class AndroidKeystoreTest {
    @get:Rule
    val phone = TestPhone()

    @Test
    fun `a wallet of the real core opens again`() {
        phone.create().use { wallet ->
            PaymentUnlock.withoutLock().use {
                wallet.card(it)
                wallet.payments.setPin(it, PIN)
            }
        }
        phone.open().use { wallet ->
            val id = wallet.payments.list().single().id
            wallet.payments.unlockWithPin(PIN).use { assertEquals(24, wallet.code(it, id).digits.length) }
        }
    }

    @Test
    fun `key specifications are as expected`() {
        phone.make(CHALLENGE)
        val made = FakePlatform.made.mapValues { it.value.spec }
        assertEquals(listOf("sign", "prf", "wrap").map { alias(phone.file, it) }.toSet(), made.keys)
        for (spec in made.values) {
            assertTrue(spec.keystoreAlias, spec.isStrongBoxBacked && spec.isUnlockedDeviceRequired)
            assertFalse(spec.keystoreAlias, spec.isUserAuthenticationRequired)
        }
        val wrap = made.getValue(alias(phone.file, "wrap"))
        assertEquals(KeyProperties.PURPOSE_ENCRYPT or KeyProperties.PURPOSE_DECRYPT, wrap.purposes)
        assertArrayEquals(arrayOf(KeyProperties.BLOCK_MODE_GCM), wrap.blockModes)
        assertArrayEquals(arrayOf(KeyProperties.ENCRYPTION_PADDING_NONE), wrap.encryptionPaddings)
        assertEquals(256, wrap.keySize)
        assertTrue(wrap.isRandomizedEncryptionRequired)
        val prf = made.getValue(alias(phone.file, "prf"))
        assertEquals(KeyProperties.PURPOSE_SIGN to 256, prf.purposes to prf.keySize)
        val sign = made.getValue(alias(phone.file, "sign"))
        assertEquals(KeyProperties.PURPOSE_SIGN, sign.purposes)
        assertEquals("secp256r1", (sign.algorithmParameterSpec as ECGenParameterSpec).name)
        assertArrayEquals(arrayOf(KeyProperties.DIGEST_SHA256), sign.digests)
        assertArrayEquals(CHALLENGE, sign.attestationChallenge)
    }

    @Test
    fun `without a challenge there is no attestation`() {
        phone.make()
        assertNull(FakePlatform.made.getValue(alias(phone.file, "sign")).spec.attestationChallenge)
        assertEquals(1, phone.keystore.attestation.size)
    }

    @Test
    fun `without StrongBox the next best option is tried once`() {
        FakePlatform.judge = { step, spec ->
            if (step == Step.MAKE && spec!!.isStrongBoxBacked) throw StrongBoxUnavailableException()
        }
        phone.make()
        assertEquals(listOf(false to true), granted())
        assertEquals(6, FakePlatform.wished.size)
    }

    @Test
    fun `a passing fault makes no weaker key`() {
        for (step in listOf(Step.MAKE, Step.BEGIN, Step.FINISH)) {
            FakePlatform.install()
            FakePlatform.fail(step, ProviderException("busy"), times = 1)
            phone.make()
            assertEquals("$step", listOf(true to true), granted())
        }
    }

    @Test
    fun `a chip that fails is replaced by the main chip`() {
        FakePlatform.judge = { step, spec ->
            if (step == Step.MAKE && spec!!.isStrongBoxBacked) throw ProviderException("a chip that fails")
        }
        phone.make()
        assertEquals(listOf(false to true), granted())
    }

    @Test
    fun `an app can ask what was granted`() {
        phone.make(CHALLENGE)
        val all = phone.keystore.protection!!
        assertTrue(all.strongBox && all.restWhileLocked && all.attested)
        phone.keystore.replaceSigningKey()
        assertTrue(phone.keystore.protection!!.run { strongBox && restWhileLocked && !attested })
        FakePlatform.install()
        FakePlatform.judge = { step, spec ->
            val isPrf = spec?.keystoreAlias == alias(phone.file, "prf")
            if (step == Step.MAKE && isPrf && spec.isStrongBoxBacked) throw StrongBoxUnavailableException()
        }
        phone.make()
        val less = phone.keystore.protection!!
        assertTrue(less.restWhileLocked && !less.strongBox && !less.attested)
        AndroidKeystore.forget(phone.file)
        assertNull(phone.keystore.protection)
    }

    @Test
    fun `before Android 15 no key depends on the screen lock`() {
        for ((version, rests) in mapOf(28 to false, 31 to false, 34 to false, 35 to true)) {
            FakePlatform.install()
            setVersion(version)
            phone.make()
            assertEquals("$version", listOf(true to rests), granted())
            assertEquals("$version", rests, phone.keystore.protection!!.restWhileLocked)
        }
    }

    @Test
    fun `a key that fails its proof is made with fewer options`() {
        FakePlatform.judge = { step, spec ->
            if (step == Step.BEGIN && spec!!.isUnlockedDeviceRequired) throw UserNotAuthenticatedException()
        }
        phone.make()
        assertEquals(listOf(true to false), granted())
    }

    @Test
    fun `a device without attestation gets a key`() {
        FakePlatform.judge = { step, spec ->
            if (step == Step.MAKE && spec!!.attestationChallenge != null) throw ProviderException("no attestation")
        }
        phone.make(CHALLENGE)
        assertNull(FakePlatform.made.getValue(alias(phone.file, "sign")).spec.attestationChallenge)
        assertEquals(listOf(true to true), granted())
    }

    @Test
    fun `a keystore that makes no keys leaves no wallet`() {
        FakePlatform.fail(Step.MAKE, ProviderException("broken"))
        assertThrows(KeystoreException.Failed::class.java) { phone.create() }
        assertFalse(phone.file.exists())
    }

    @Test
    fun `keys of an existing wallet stay as they are`() {
        phone.create().close()
        val keys = FakePlatform.made.toMap()
        assertThrows(WalletException.AlreadyExists::class.java) { phone.make() }
        assertThrows(WalletException.AlreadyExists::class.java) { AndroidKeystore.forget(phone.file) }
        assertEquals(keys, FakePlatform.made)
        Wallet.destroy(phone.file)
        AndroidKeystore.forget(phone.file)
        assertEquals(emptySet<String>(), FakePlatform.made.keys)
    }

    @Test
    fun `no keys are made on a locked screen`() {
        shadowOf(phone.app.getSystemService(KeyguardManager::class.java)).setIsDeviceLocked(true)
        assertThrows(KeystoreException.Locked::class.java) { phone.make() }
        assertEquals(emptyList<KeyGenParameterSpec>(), FakePlatform.wished)
    }

    @Test
    fun `each platform error becomes a keystore and a wallet error`() {
        phone.create().close()
        val keys = FakePlatform.made.toMap()
        val file = phone.file.readBytes()
        for ((step, fault, failure, error) in faults()) {
            FakePlatform.fail(step, fault)
            val refused = assertThrows(KeystoreException::class.java) { phone.keystore.prf(ByteArray(1)) }
            assertEquals("$fault", failure, refused::class)
            val thrown = assertThrows(WalletException::class.java) { phone.open().close() }
            assertEquals("$fault", error, thrown::class)
        }
        FakePlatform.judge = { _, _ -> }
        assertEquals("no key was made or removed", keys, FakePlatform.made)
        assertArrayEquals("nor a byte written", file, phone.file.readBytes())
        phone.open().close()
    }

    @Test
    fun `a missing key is not replaced`() {
        phone.create().close()
        for (alias in listOf("wrap", "prf", "sign").map { alias(phone.file, it) }) {
            val kept = FakePlatform.made.remove(alias)!!
            assertThrows(KeystoreException.KeyMissing::class.java) {
                phone.keystore.run {
                    unwrap(wrap(ByteArray(1)))
                    prf(ByteArray(1))
                    sign(ByteArray(1))
                }
            }
            assertFalse(alias in FakePlatform.made)
            FakePlatform.made[alias] = kept
        }
        FakePlatform.made.clear()
        assertThrows(WalletException.KeyMissing::class.java) { phone.open() }
        assertEquals(emptySet<String>(), FakePlatform.made.keys)
    }

    @Test
    fun `another phone's wallet and a damaged one differ`() {
        val wrapped = phone.make().wrap(SECRET)
        assertArrayEquals(SECRET, phone.keystore.unwrap(wrapped))
        for (at in wrapped.indices) {
            val altered = wrapped.copyOf().also { it[at] = (it[at] + 1).toByte() }
            val failure = assertThrows(KeystoreException::class.java) { phone.keystore.unwrap(altered) }
            val isOthers = at in 1..8
            val expected = if (isOthers) KeystoreException.WrongDevice::class else KeystoreException.Damaged::class
            assertEquals("$at", expected, failure::class)
        }
        for (size in wrapped.indices) {
            assertThrows(KeystoreException.Damaged::class.java) { phone.keystore.unwrap(wrapped.copyOf(size)) }
        }
        FakePlatform.install()
        phone.make()
        assertThrows(KeystoreException.WrongDevice::class.java) { phone.keystore.unwrap(wrapped) }
    }

    @Test
    fun `a transient error is retried once`() {
        phone.make()
        for (fault in passing()) {
            phone.pauses.clear()
            FakePlatform.fail(Step.BEGIN, fault, times = 1)
            phone.keystore.prf(ByteArray(1))
            assertEquals("$fault", 1, phone.pauses.size)
            assertTrue(phone.pauses.single() in 50L until 250L)
            FakePlatform.asked.clear()
            FakePlatform.fail(Step.BEGIN, fault, times = 2)
            assertThrows(KeystoreException.Failed::class.java) { phone.keystore.prf(ByteArray(1)) }
            assertEquals(2, FakePlatform.asked.count { it == Step.BEGIN })
        }
    }

    @Test
    fun `the moments differ`() {
        phone.make()
        repeat(20) {
            FakePlatform.fail(Step.BEGIN, BackendBusyException(100), times = 1)
            phone.keystore.prf(ByteArray(1))
        }
        assertTrue("${phone.pauses}", phone.pauses.toSet().size > 1)
    }

    @Test
    fun `a permanent error is not retried`() {
        phone.make()
        for ((step, fault) in faults().filter { it.failure != KeystoreException.Failed::class }) {
            FakePlatform.fail(step, fault)
            assertThrows(KeystoreException::class.java) { phone.keystore.prf(ByteArray(1)) }
        }
        assertEquals(emptyList<Long>(), phone.pauses)
    }

    @Test
    fun `before Android 13 any keystore error may be transient`() {
        phone.make()
        setVersion(Build.VERSION_CODES.P)
        val lasting = InvalidKeyException(KeyStoreException(UNSUPPORTED_ALGORITHM, "lasting"))
        FakePlatform.fail(Step.BEGIN, lasting, times = 1)
        phone.keystore.prf(ByteArray(1))
        assertEquals(1, phone.pauses.size)
    }

    @Test
    fun `it signs as the device whose public key it gives`() {
        val keystore = phone.make()
        val point = keystore.publicKey()
        assertEquals(65 to 4.toByte(), point.size to point[0])
        val held = FakePlatform.made.getValue(alias(phone.file, "sign")).certificate!!.publicKey as ECPublicKey
        val read = ECPoint(BigInteger(1, point.copyOfRange(1, 33)), BigInteger(1, point.copyOfRange(33, 65)))
        val public = KeyFactory.getInstance("EC").generatePublic(ECPublicKeySpec(read, held.params))
        val check = Signature.getInstance("SHA256withECDSA", "BC").apply { initVerify(public) }
        check.update(SECRET)
        assertTrue(check.verify(keystore.sign(SECRET)))
    }

    @Test
    fun `a coordinate always has 32 bytes`() {
        assertArrayEquals(ByteArray(31) + 1, BigInteger.ONE.coordinate())
        assertArrayEquals(byteArrayOf(-1) + ByteArray(31), BigInteger.valueOf(255).shiftLeft(248).coordinate())
    }

    @Test
    fun `each path has keys of its own`() {
        val one = phone.make()
        for (other in listOf(File(phone.file.parent, "second"), File(phone.app.filesDir, phone.file.name))) {
            val two = AndroidKeystore.make(phone.app, other)
            assertFalse(one.prf(SECRET).contentEquals(two.prf(SECRET)))
            assertThrows(KeystoreException.WrongDevice::class.java) { two.unwrap(one.wrap(SECRET)) }
        }
        assertEquals(32, one.prf(SECRET).size)
        assertArrayEquals(one.prf(SECRET), phone.keystore.prf(SECRET))
    }

    @Test
    fun `the names of keys are frozen and follow the storage`() {
        for (storage in listOf("/data/data", "/data/user/0", "/data/user_de/10", "/mnt/expand/1b-2c/user/0")) {
            val file = File("$storage/app.example/no_backup/./tegata/wallet")
            assertEquals("tegata.3ab497766345e64a.sign", alias(file, "sign"))
        }
        assertFalse(alias(File("/data/data/app.example/files/wallet"), "sign") == "tegata.3ab497766345e64a.sign")
    }

    /** Whether each key has a chip of its own, and rests with the screen. */
    private fun granted(): List<Pair<Boolean, Boolean>> =
        FakePlatform.made.values.map { it.spec.isStrongBoxBacked to it.spec.isUnlockedDeviceRequired }.distinct()

    private data class Case(
        val step: Step,
        val fault: Exception,
        val failure: KClass<out KeystoreException>,
        val error: KClass<out WalletException>,
    )

    private fun faults(): List<Case> {
        val invalidated = KeystoreException.KeyInvalidated::class to WalletException.KeyInvalidated::class
        val locked = KeystoreException.Locked::class to WalletException.Locked::class
        val missing = KeystoreException.KeyMissing::class to WalletException.KeyMissing::class
        val failed = KeystoreException.Failed::class to WalletException.Failed::class
        fun numbered(number: Int) = ProviderException("keystore", KeyStoreException(number, "said so"))
        return listOf(
            Triple(Step.BEGIN, KeyPermanentlyInvalidatedException(), invalidated),
            Triple(Step.BEGIN, InvalidKeyException(KeyPermanentlyInvalidatedException()), invalidated),
            Triple(Step.LOOK_UP, UnrecoverableKeyException("Key permanently invalidated"), invalidated),
            Triple(Step.BEGIN, numbered(VALUE_CORRUPTED), invalidated),
            Triple(Step.BEGIN, UserNotAuthenticatedException(), locked),
            Triple(Step.BEGIN, numbered(DEVICE_LOCKED), locked),
            Triple(Step.LOOK_UP, numbered(UNINITIALIZED), locked),
            Triple(Step.LOOK_UP, numbered(KEY_NOT_FOUND), missing),
            Triple(Step.FINISH, numbered(UNSUPPORTED_ALGORITHM), failed),
            Triple(Step.FINISH, IllegalBlockSizeException("hardware"), failed),
            Triple(Step.LOOK_UP, NullPointerException("a maker's bug"), failed),
        ).map { (step, fault, names) -> Case(step, fault, names.first, names.second) }
    }

    private fun passing(): List<Exception> = listOf(
        BackendBusyException(100),
        ProviderException("no answer", DeadObjectException()),
        InvalidKeyException(KeyStoreException(HARDWARE_BUSY, "busy")),
    )

    private companion object {
        /* As the keystore's daemon and the hardware number them; the public numbers are made from these. */
        const val UNINITIALIZED = 3
        const val KEY_NOT_FOUND = 7
        const val VALUE_CORRUPTED = 8
        const val UNSUPPORTED_ALGORITHM = -4
        const val HARDWARE_BUSY = -48
        const val DEVICE_LOCKED = -72

        val PIN = "739164".toByteArray()
        val CHALLENGE = ByteArray(16) { 7 }
        val SECRET = ByteArray(32) { it.toByte() }
    }
}
