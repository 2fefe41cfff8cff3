package app.tegata

import java.io.File
import org.junit.jupiter.api.Assertions.assertArrayEquals
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.assertThrows
import org.junit.jupiter.api.io.TempDir

/** What is Kotlin's own, with a keystore that encrypts. What all languages share is in scenarios.json. */
class WalletTest {
    @TempDir
    lateinit var folder: File

    private val host by lazy { Host(folder) }

    @Test
    fun `a symbol is read module by module, light outside`() {
        val unlocked = PaymentUnlock.withoutLock()
        val code = host.create().use { it.payments.nextCode(unlocked, it.add(unlocked)).code() }
        // The finder pattern, and the start of Code 128 in set C: bars of 2, 1 and 3.
        assertEquals("1111111", (0 until 7).joinToString("") { if (code.qr.isDark(it, 0)) "1" else "0" })
        assertEquals("11010011100", (0 until 11).joinToString("") { if (code.code128.isDark(it, 0)) "1" else "0" })
        assertFalse(code.qr.isDark(21, 0) || code.qr.isDark(0, -1) || code.code128.isDark(0, 1))
    }

    @Test
    fun `neither a code nor a nested one prints a digit`() {
        val unlocked = PaymentUnlock.withoutLock()
        val next = host.create().use { it.payments.nextCode(unlocked, it.add(unlocked)) }
        assertEquals("PaymentCode([redacted])", next.code().toString())
        assertFalse("$next".contains("4960"))
    }

    @Test
    fun `what errors print reads like a sentence`() {
        host.create().use { wallet ->
            val unlocked = PaymentUnlock.withoutLock()
            wallet.payments.setPin(unlocked, Host.PIN)
            val wrong = assertThrows<WalletException.WrongPin> { wallet.payments.unlockWithPin("0852".toByteArray()) }
            assertEquals(9, wrong.triesLeft)
            assertEquals("wrong PIN, attempts left: 9", wrong.toString())
        }
        assertEquals("the keystore has no such key", "${KeystoreFailure.KeyMissing()}")
    }

    @Test
    fun `the PIN opens payments, and its array stays the caller's`() {
        val pin = Host.PIN.copyOf()
        val id = host.create().use { wallet ->
            val unlocked = PaymentUnlock.withoutLock()
            wallet.add(unlocked).also { wallet.payments.setPin(unlocked, pin) }
        }
        host.open().use { wallet -> wallet.payments.unlockWithPin(pin).use { wallet.payments.nextCode(it, id).code() } }
        assertArrayEquals(Host.PIN, pin)
    }
}
