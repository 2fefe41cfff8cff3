package app.tegata

import java.io.File
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertArrayEquals
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.assertThrows
import org.junit.jupiter.api.io.TempDir

/** Tests of what is specific to Kotlin, with a keystore that encrypts. scenarios.json has what all languages share. */
class WalletTest {
    @TempDir
    lateinit var folder: File

    private val device by lazy { TestDevice(folder) }

    @Test
    fun `modules are read one by one, light outside`() {
        val unlock = PaymentUnlock.withoutLock()
        val code = device.create().use { it.payments.nextCode(unlock, it.add(unlock)).code() }
        // The finder pattern, and the start of Code 128 in set C: bars of 2, 1 and 3.
        assertEquals("1111111", (0 until 7).joinToString("") { if (code.qr.isDark(it, 0)) "1" else "0" })
        assertEquals("11010011100", (0 until 11).joinToString("") { if (code.code128.isDark(it, 0)) "1" else "0" })
        assertFalse(code.qr.isDark(21, 0) || code.qr.isDark(0, -1) || code.code128.isDark(0, 1))
    }

    @Test
    fun `codes print no digit`() {
        val unlock = PaymentUnlock.withoutLock()
        val next = device.create().use { it.payments.nextCode(unlock, it.add(unlock)) }
        assertEquals("PaymentCode([redacted])", next.code().toString())
        assertFalse("$next".contains("4960"))
    }

    @Test
    fun `errors print one clause`() {
        device.create().use { wallet ->
            val unlock = PaymentUnlock.withoutLock()
            wallet.payments.setPin(unlock, TestDevice.PIN)
            val wrong = assertThrows<WalletException.WrongPin> { wallet.payments.unlockWithPin("915283".toByteArray()) }
            assertEquals(9, wrong.triesLeft)
            assertEquals("wrong PIN, attempts left: 9", wrong.toString())
            assertEquals("wrong PIN, attempts left: 9", wrong.message)
        }
        assertEquals("the keystore has no such key", KeystoreException.KeyMissing().message)
    }

    @Test
    fun `a case without fields prints its name`() {
        assertEquals("Fine, InvalidCredentials", "${ClockStatus.Fine}, ${IssuerProblem.InvalidCredentials}")
    }

    @Test
    fun `closing a handle leaves the wallet open`() {
        device.create().use { wallet ->
            wallet.payments.use { it.list() }
            wallet.otpCredentials.close()
            assertEquals(emptyList<Any>(), wallet.payments.list() + wallet.otpCredentials.list())
        }
    }

    @Test
    fun `calls of a coroutine leave its thread`() = runBlocking {
        val here = Thread.currentThread()
        device.create().use { wallet ->
            val there = wallet.io { Thread.currentThread().also { payments.list() } }
            assertFalse(there == here)
            assertEquals(here, wallet.io(Dispatchers.Unconfined) { Thread.currentThread() })
        }
    }

    @Test
    fun `unlocking leaves the PIN array as it is`() {
        val pin = TestDevice.PIN.copyOf()
        val id = device.create().use { wallet ->
            val unlock = PaymentUnlock.withoutLock()
            wallet.add(unlock).also { wallet.payments.setPin(unlock, pin) }
        }
        device.open().use { wallet ->
            wallet.payments.unlockWithPin(pin).use { wallet.payments.nextCode(it, id).code() }
        }
        assertArrayEquals(TestDevice.PIN, pin)
    }
}
