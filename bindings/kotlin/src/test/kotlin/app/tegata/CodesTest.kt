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

/** In virtual time: `delay` passes at once, and the wallet's clock is set on by hand. */
@OptIn(ExperimentalCoroutinesApi::class)
class CodesTest {
    @TempDir
    lateinit var folder: File

    private val host by lazy { Host(folder) }

    @Test
    fun `codes come by themselves, each when its half minute begins`() = runTest {
        host.create().use { wallet ->
            val unlocked = PaymentUnlock.withoutLock()
            val codes = wallet.payments.codes(unlocked, wallet.add(unlocked))
                .onEach { host.clock.set(it.nextAt) }
                .take(3)
                .toList()
            assertEquals(3, codes.map { it.digits }.toSet().size)
            val start = Host.NOW - 7
            assertEquals(listOf(start, start + 30, start + 60), codes.map { it.validFrom })
            assertEquals(53.seconds.inWholeMilliseconds, currentTime)
        }
    }

    @Test
    fun `five were shown, so the first to come is waited for`() = runTest {
        host.create().use { wallet ->
            val unlocked = PaymentUnlock.withoutLock()
            val id = wallet.add(unlocked)
            repeat(5) { wallet.payments.nextCode(unlocked, id).code() }
            val moments = listOf(Host.NOW, Host.NOW + 23).iterator()
            val code = wallet.payments.codes(unlocked, id, dispatcher = AtEachCall { host.clock.set(moments.next()) })
                .take(1)
                .toList()
                .single()
            assertEquals(Host.NOW + 23, code.validFrom)
            assertEquals(23.seconds.inWholeMilliseconds, currentTime)
        }
    }

    @Test
    fun `nobody collects, so no code is used up`() = runTest {
        host.create().use { wallet ->
            val unlocked = PaymentUnlock.withoutLock()
            val id = wallet.add(unlocked)
            val codes = wallet.payments.codes(unlocked, id)
            codes.take(1).toList()
            assertEquals(3, wallet.payments.nextCode(unlocked, id).code().moreInThisStep)
        }
    }

    @Test
    fun `locking ends the codes with the reason`() = runTest {
        host.create().use { wallet ->
            val unlocked = PaymentUnlock.withoutLock()
            val id = wallet.add(unlocked)
            assertThrows<WalletException.PaymentsLocked> {
                wallet.payments.codes(unlocked, id).collect { unlocked.lock() }
            }
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
