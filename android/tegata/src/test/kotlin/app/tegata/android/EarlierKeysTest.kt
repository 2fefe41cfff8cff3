package app.tegata.android

import app.tegata.KeystoreException
import app.tegata.PaymentUnlock
import app.tegata.Wallet
import app.tegata.WalletException
import app.tegata.addUri
import app.tegata.setPin
import app.tegata.unlockWithPin
import java.io.File
import java.security.ProviderException
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Rule
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner

/** A wallet whose keys an earlier version made: named by the file's name alone, and bound to the screen lock. */
@RunWith(RobolectricTestRunner::class)
class EarlierKeysTest {
    @get:Rule
    val phone = TestPhone()

    @Test
    fun `an earlier wallet is wrapped anew at the next open`() {
        createEarlier()
        setVersion(34)
        assertTrue(phone.keystore.isBoundToScreenLock)
        open().close()
        val made = FakePlatform.made.getValue(alias(phone.file, "wrap"))
        assertFalse(made.spec.isUnlockedDeviceRequired)
        FakePlatform.made.remove("tegata.wallet.wrap")
        open().use { wallet ->
            assertEquals(1, wallet.payments.list().size)
            wallet.payments.unlockWithPin(PIN).close()
        }
        assertEquals("made once", made, FakePlatform.made[alias(phone.file, "wrap")])
    }

    @Test
    fun `an earlier wallet opens although it cannot be wrapped anew`() {
        createEarlier()
        FakePlatform.fail(Step.MAKE, ProviderException("broken"))
        open().close()
        assertFalse(alias(phone.file, "wrap") in FakePlatform.made)
        FakePlatform.judge = { _, _ -> }
        open().close()
        assertTrue(alias(phone.file, "wrap") in FakePlatform.made)
    }

    @Test
    fun `a wallet of the same name leaves the keys of the first`() {
        createEarlier()
        val keys = FakePlatform.made.toMap()
        val other = File(phone.app.filesDir, phone.file.name)
        AndroidKeystore.forget(other)
        assertEquals(keys, FakePlatform.made)
        Wallet.create(other, AndroidKeystore.make(phone.app, other), FileAnchor(other), phone.clock).close()
        assertTrue(FakePlatform.made.entries.containsAll(keys.entries))
        Wallet.destroy(other)
        AndroidKeystore.forget(other)
        assertEquals(keys, FakePlatform.made)
        val wrapped = phone.keystore.wrap(PIN).also { it[0] = 2 }
        assertThrows(KeystoreException.KeyMissing::class.java) { AndroidKeystore(other).unwrap(wrapped) }
        open().use { it.payments.unlockWithPin(PIN).close() }
    }

    @Test
    fun `forgetting an earlier wallet removes its keys`() {
        createEarlier()
        open().close()
        Wallet.destroy(phone.file)
        AndroidKeystore.forget(phone.file)
        assertEquals(emptySet<String>(), FakePlatform.made.keys)
    }

    @Test
    fun `new wallets are not bound to the screen lock`() {
        setVersion(34)
        phone.create().close()
        assertFalse(phone.keystore.isBoundToScreenLock)
    }

    @Test
    fun `what is lost with the keys can be listed`() {
        phone.create().use { wallet ->
            assertEquals(0, wallet.heldOnlyHere().run { passes.size + otpCredentials.size })
            val uri = "otpauth://totp/Example:ann?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Example"
            wallet.otpCredentials.addUri(uri.toByteArray())
            assertEquals(1, wallet.heldOnlyHere().otpCredentials.size)
        }
        FakePlatform.made.clear()
        assertThrows(WalletException.KeyMissing::class.java) { open() }
    }

    private fun createEarlier() {
        val options = KeyOptions(strongBox = true, unlockedOnly = true)
        makeSigningKey("tegata.wallet.sign", options, null)
        makeKeyedFunction("tegata.wallet.prf", options)
        makeWrappingKey("tegata.wallet.wrap", options)
        Wallet.create(phone.file, phone.keystore, FileAnchor(phone.file), phone.clock).use { wallet ->
            PaymentUnlock.withoutLock().use {
                wallet.card(it)
                wallet.payments.setPin(it, PIN)
            }
        }
        assertEquals(3, FakePlatform.made.size)
    }

    private fun open() = openWallet(phone.file, phone.keystore, phone.clock)

    private companion object {
        val PIN get() = "739164".toByteArray()
    }
}
