package app.tegata.android

import app.tegata.AnchorException
import app.tegata.AnchorState
import app.tegata.PaymentUnlock
import app.tegata.Wallet
import app.tegata.WalletException
import app.tegata.setPin
import java.io.File
import java.util.HexFormat
import kotlinx.coroutines.runBlocking
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

@RunWith(RobolectricTestRunner::class)
class FileAnchorTest {
    @get:Rule
    val phone = TestPhone()

    private val stored by lazy { File(phone.file.path + ".anchor") }

    @Test
    fun `the bytes of the anchor are frozen`() {
        val anchored = AnchorState(ByteArray(16) { it.toByte() }, 0x0102030405060708, 9)
        assertNull(FileAnchor(phone.file).load())
        FileAnchor(phone.file).store(anchored)
        val hex = "01" + "000102030405060708090a0b0c0d0e0f" + "0102030405060708" + "00000009"
        assertEquals(hex, HexFormat.of().formatHex(stored.readBytes()))
        val loaded = FileAnchor(phone.file).load()!!
        assertArrayEquals(anchored.vault, loaded.vault)
        assertEquals(anchored.epoch to 9, loaded.epoch to loaded.failedPinTries)
        FileAnchor(phone.file).forget()
        assertNull(FileAnchor(phone.file).load())
    }

    @Test
    fun `an older copy of the wallet is detected`() {
        phone.create().close()
        val copy = phone.file.readBytes()
        phone.open().use { wallet -> PaymentUnlock.withoutLock().use { repeat(2) { _ -> wallet.card(it) } } }
        phone.file.writeBytes(copy)
        assertThrows(WalletException.RolledBack::class.java) { phone.open() }
    }

    @Test
    fun `unreadable content is an error, not an absence`() {
        FileAnchor(phone.file).store(AnchorState(ByteArray(16), 1, 0))
        val whole = stored.readBytes()
        for (bytes in listOf(ByteArray(0), whole.copyOf(28), whole + 0, byteArrayOf(2) + whole.drop(1))) {
            stored.writeBytes(bytes)
            assertThrows(AnchorException.Failed::class.java) { FileAnchor(phone.file).load() }
        }
    }

    @Test
    fun `a failed store keeps the previous state`() {
        FileAnchor(phone.file).store(AnchorState(ByteArray(16), 1, 0))
        File(stored.path + ".next").mkdir()
        assertThrows(AnchorException.Failed::class.java) {
            FileAnchor(phone.file).store(AnchorState(ByteArray(16), 2, 0))
        }
        assertEquals(1L, FileAnchor(phone.file).load()!!.epoch)
    }

    @Test
    fun `all files are outside of backups and transfers`() {
        phone.create().close()
        val places = phone.file.parentFile!!.listFiles()!!.map { it.name }.toSet()
        assertTrue("$places", places.containsAll(setOf("wallet", "wallet.anchor")))
        assertTrue(phone.file.startsWith(phone.app.noBackupFilesDir))
        assertFalse(phone.app.filesDir.walk().any { it.isFile && it.name.startsWith("wallet") })
    }

    @Test
    fun `forgetting a wallet leaves nothing beside it`() {
        phone.create().use { wallet ->
            PaymentUnlock.withoutLock().use { unlock ->
                wallet.payments.setPin(unlock, "739164".toByteArray())
                runBlocking { PaymentGate(wallet.payments, phone.file).setUp(unlock) { it } }
            }
        }
        File(stored.path + ".next").writeText("interrupted")
        Wallet.destroy(phone.file)
        AndroidKeystore.forget(phone.file)
        assertEquals(emptyList<String>(), phone.file.parentFile!!.list()!!.toList())
        assertEquals(emptySet<String>(), FakePlatform.made.keys)
    }
}
