package app.tegata

import java.io.File
import java.util.Collections
import kotlin.concurrent.thread
import org.junit.jupiter.api.Assertions.assertArrayEquals
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.assertThrows
import org.junit.jupiter.api.io.TempDir

class WalletTest {
    @TempDir
    lateinit var folder: File

    private val host by lazy { Host(folder) }

    @Test
    fun `a code is shown and the next is another`() {
        val unlocked = Unlocked.withoutLock()
        val (id, first) = host.create().use { wallet ->
            val id = wallet.add(unlocked)
            id to wallet.payments.nextCode(unlocked, id).code()
        }
        assertTrue(first.digits.startsWith("4960"))
        assertEquals(first.digits, first.groups.replace(" ", ""))
        assertEquals(listOf(Host.NOW - 7, Host.NOW + 23, 23L), listOf(first.validFrom, first.nextAt, first.nextIn))
        host.open().use { wallet ->
            val again = wallet.payments.nextCode(unlocked, id, language = Language.JAPANESE).code()
            assertFalse(again.digits == first.digits)
            assertTrue(again.spoken.startsWith("よん きゅう"))
        }
    }

    @Test
    fun `a symbol is read module by module, light outside`() {
        val unlocked = Unlocked.withoutLock()
        val code = host.create().use { it.payments.nextCode(unlocked, it.add(unlocked)).code() }
        // The finder pattern, and the start of Code 128 in set C: bars of 2, 1 and 3.
        assertEquals("1111111", (0 until 7).joinToString("") { if (code.qr.isDark(it, 0)) "1" else "0" })
        assertEquals("11010011100", (0 until 11).joinToString("") { if (code.code128.isDark(it, 0)) "1" else "0" })
        assertFalse(code.qr.isDark(21, 0) || code.qr.isDark(0, -1) || code.code128.isDark(0, 1))
    }

    @Test
    fun `neither a code nor a nested one prints a digit`() {
        val unlocked = Unlocked.withoutLock()
        val next = host.create().use { it.payments.nextCode(unlocked, it.add(unlocked)) }
        assertEquals("PaymentCode([redacted])", next.code().toString())
        assertFalse("$next".contains("4960"))
    }

    @Test
    fun `what errors print reads like a sentence`() {
        host.create().use { wallet ->
            val unlocked = Unlocked.withoutLock()
            wallet.payments.setPin(unlocked, Host.PIN)
            val wrong = assertThrows<WalletException.WrongPin> { wallet.payments.unlockWithPin("0852".toByteArray()) }
            assertEquals(9, wrong.triesLeft)
            assertEquals("the PIN is wrong, 9 more can be tried", wrong.toString())
            val invalid = assertThrows<WalletException.Invalid> { wallet.payments.setPin(unlocked, ByteArray(3)) }
            assertEquals("the PIN is out of range: 4 to 64 bytes is expected", "$invalid")
            assertEquals("the wallet is open elsewhere", "${assertThrows<WalletException.InUse> { host.open() }}")
        }
        assertEquals("the keystore has no such key", "${KeystoreFailure.KeyMissing()}")
    }

    @Test
    fun `the PIN opens payments, and its array stays the caller's`() {
        host.create().use { wallet ->
            val pin = Host.PIN.copyOf()
            val id = Unlocked.withoutLock().use { unlocked ->
                wallet.add(unlocked).also { wallet.payments.setPin(unlocked, pin) }
            }
            assertArrayEquals(Host.PIN, pin)
            wallet.payments.unlockWithPin(pin).use { unlocked ->
                wallet.payments.nextCode(unlocked, id).code()
                unlocked.lock()
                assertThrows<WalletException.PaymentsLocked> { wallet.payments.nextCode(unlocked, id) }
            }
        }
    }

    @Test
    fun `each failure of the keystore has a name`() {
        host.create().close()
        val before = host.file.readBytes()
        for ((failure, expected) in listOf(
            KeystoreFailure.Locked() to WalletException.Locked::class,
            KeystoreFailure.KeyMissing() to WalletException.KeyMissing::class,
            KeystoreFailure.KeyInvalidated() to WalletException.KeyInvalidated::class,
            KeystoreFailure.WrongDevice() to WalletException.WrongDevice::class,
            KeystoreFailure.Damaged() to WalletException.Corrupt::class,
            KeystoreFailure.Failed() to WalletException.Failed::class,
        )) {
            host.keystore.failure = failure
            assertEquals(expected, assertThrows<WalletException> { host.open() }::class)
        }
        assertArrayEquals(before, host.file.readBytes())
        host.keystore.failure = null
        host.open().close()
    }

    @Test
    fun `what a host throws without saying so is typed and its text dropped`() {
        host.create().close()
        host.keystore.failure = IllegalStateException(Host.SECRET)
        repeat(2) {
            val error = assertThrows<WalletException.Failed> { host.open() }
            assertEquals("the device's keystore failed: it threw what is not a keystore failure", "$error")
            assertFalse(error.stackTraceToString().contains(Host.SECRET))
        }
        host.keystore.failure = null
        host.anchor.failure = IllegalStateException(Host.SECRET)
        val error = assertThrows<WalletException.Failed> { host.open() }
        assertEquals("the anchor of the vault failed: it threw what is not an anchor failure", "$error")
        host.anchor.failure = null
        host.open().close()
    }

    @Test
    fun `an older copy is told, and adopted when asked`() {
        host.create().use { it.passes.add(Pass("Tram", PassFormat.AZTEC, "T-7")) }
        val copy = host.file.readBytes()
        host.open().use { wallet -> repeat(2) { wallet.passes.add(Pass("Bus", PassFormat.QR, "B-1")) } }
        host.file.writeBytes(copy)
        assertThrows<WalletException.RolledBack> { host.open() }
        Wallet.adopt(host.file, host.keystore, host.anchor).use { wallet ->
            assertEquals(listOf("Tram"), wallet.passes.list().map { it.content.title })
        }
    }

    @Test
    fun `a panic arrives as an exception without its text`() {
        val wallet = WalletHandle.create(host.file.path, Device(host.keystore, host.anchor, host.clock))
        val error = assertThrows<WalletException.Broken> { panicInside(wallet, Host.SECRET) }
        assertEquals("the wallet failed inside and was closed", "$error")
        assertFalse(error.stackTraceToString().contains(Host.SECRET))
        assertThrows<WalletException.Closed> { wallet.payments().list() }
        host.open().close()
    }

    @Test
    fun `use after close has a name`() {
        val wallet = host.create()
        wallet.close()
        wallet.close()
        assertThrows<WalletException.Closed> { wallet.passes.list() }
        assertThrows<WalletException.Exists> { host.create() }
        Wallet.destroy(host.file)
        assertThrows<WalletException.NoWallet> { host.open() }
    }

    @Test
    fun `eight threads at once never see a code twice`() {
        val unlocked = Unlocked.withoutLock()
        val shown = Collections.synchronizedList(mutableListOf<String>())
        host.create().use { wallet ->
            val ids = List(4) { wallet.add(unlocked) }
            List(8) { n ->
                thread { repeat(2) { shown += wallet.payments.nextCode(unlocked, ids[n % 4]).code().digits } }
            }.forEach(Thread::join)
        }
        // The four credentials have one seed, so each code comes four times: once from each.
        assertEquals(16, shown.size)
        assertEquals(4, shown.toSet().size)
    }
}
