package app.tegata

import java.io.File
import kotlin.coroutines.CoroutineContext
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.ExperimentalCoroutinesApi
import kotlinx.coroutines.Runnable
import kotlinx.coroutines.flow.onEach
import kotlinx.coroutines.flow.take
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.test.currentTime
import kotlinx.coroutines.test.runTest
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.assertThrows
import org.junit.jupiter.api.io.TempDir

/** Runs in virtual time: `delay` passes at once, and the test sets the wallet's clock. */
@OptIn(ExperimentalCoroutinesApi::class)
class CodesTest {
    @TempDir
    lateinit var folder: File

    private val device by lazy { TestDevice(folder) }

    @Test
    fun `a code comes at the start of each half minute`() = runTest {
        device.create().use { wallet ->
            val unlock = PaymentUnlock.withoutLock()
            val codes = wallet.payments.codes(unlock, wallet.add(unlock))
                .onEach { device.clock.set(it.nextAt) }
                .take(3)
                .toList()
            assertEquals(3, codes.map { it.digits }.toSet().size)
            val start = TestDevice.NOW - 7
            assertEquals(listOf(start, start + 30, start + 60), codes.map { it.validFrom })
            assertEquals(53.seconds.inWholeMilliseconds, currentTime)
        }
    }

    @Test
    fun `the flow waits while all codes are used up`() = runTest {
        device.create().use { wallet ->
            val unlock = PaymentUnlock.withoutLock()
            val id = wallet.add(unlock)
            repeat(5) { wallet.payments.nextCode(unlock, id).code() }
            val moments = listOf(TestDevice.NOW, TestDevice.NOW + 23).iterator()
            val code = wallet.payments.codes(unlock, id, dispatcher = AtEachCall { device.clock.set(moments.next()) })
                .take(1)
                .toList()
                .single()
            assertEquals(TestDevice.NOW + 23, code.validFrom)
            assertEquals(23.seconds.inWholeMilliseconds, currentTime)
        }
    }

    @Test
    fun `codes are used up only while collected`() = runTest {
        device.create().use { wallet ->
            val unlock = PaymentUnlock.withoutLock()
            val id = wallet.add(unlock)
            val codes = wallet.payments.codes(unlock, id)
            codes.take(1).toList()
            assertEquals(3, wallet.payments.nextCode(unlock, id).code().moreInThisStep)
        }
    }

    @Test
    fun `locking ends the flow within a second`() = runTest {
        device.create().use { wallet ->
            val unlock = PaymentUnlock.withoutLock()
            val id = wallet.add(unlock)
            assertThrows<WalletException.PaymentsLocked> {
                wallet.payments.codes(unlock, id).collect { unlock.lock() }
            }
            assertEquals(1.seconds.inWholeMilliseconds, currentTime)
        }
    }
}

/** Runs each call at once, after [before]. */
private class AtEachCall(private val before: () -> Unit) : CoroutineDispatcher() {
    override fun dispatch(context: CoroutineContext, block: Runnable) {
        before()
        block.run()
    }
}
