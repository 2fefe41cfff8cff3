package app.tegata.android

import app.tegata.PaymentUnlock
import app.tegata.Wallet
import app.tegata.WalletException
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.ExperimentalCoroutinesApi
import kotlinx.coroutines.Job
import kotlinx.coroutines.launch
import kotlinx.coroutines.test.TestScope
import kotlinx.coroutines.test.advanceTimeBy
import kotlinx.coroutines.test.currentTime
import kotlinx.coroutines.test.runCurrent
import kotlinx.coroutines.test.runTest
import org.junit.Assert.assertEquals
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Rule
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner

/** In virtual time: the wallet's clock follows that of the test. */
@OptIn(ExperimentalCoroutinesApi::class)
@RunWith(RobolectricTestRunner::class)
class PaymentCodesTest {
    @get:Rule
    val phone = TestPhone()

    private val unlock by lazy { PaymentUnlock.withoutLock() }
    private val seen = ArrayList<CodeState>()

    @Test
    fun `a code counts down until the next one`() = codes { codes, _ ->
        val collecting = collect(codes)
        for (left in 23 downTo 1) {
            assertEquals(left, shown().secondsLeft)
            pass(1)
        }
        assertEquals(30, shown().secondsLeft)
        assertEquals(2, digits().size)
        assertEquals("once a second", 24, seen.size)
        collecting.cancel()
    }

    @Test
    fun `locking ends the states at once`() = codes { codes, _ ->
        val collecting = collect(codes)
        pass(3)
        unlock.lock()
        advanceTimeBy(250.milliseconds)
        assertEquals(CodeState.Locked, seen.last())
        assertTrue(collecting.isCompleted)
        collect(codes)
        assertEquals("still locked", CodeState.Locked, seen.last())
    }

    @Test
    fun `a closed unlock token is a locked one`() = codes { codes, _ ->
        collect(codes)
        unlock.close()
        pass(1)
        assertEquals(CodeState.Locked, seen.last())
    }

    @Test
    fun `a rebuilt screen goes on with the code it had`() = codes { codes, wallet ->
        repeat(8) {
            val collecting = collect(codes)
            pass(1)
            collecting.cancel()
        }
        assertEquals(1, digits().size)
        assertEquals(23 - 8, shown().secondsLeft)
        pass(14)
        collect(codes).cancel()
        assertEquals(1, digits().size)
        assertEquals(1, shown().secondsLeft)
        pass(1)
        collect(codes).cancel()
        assertEquals("its time is over", 2, digits().size)
        assertEquals(3, wallet.code(unlock, wallet.payments.list().single().id).moreInThisStep)
    }

    @Test
    fun `the next code comes on request, then a wait`() = codes { codes, _ ->
        val collecting = collect(codes)
        for (more in 4 downTo 1) {
            assertEquals(more, shown().code.moreInThisStep)
            codes.next()
            runCurrent()
        }
        assertEquals(5, digits().size)
        pass(2)
        codes.next()
        runCurrent()
        assertEquals(21, (seen.last() as CodeState.Waiting).seconds)
        pass(1)
        assertEquals(20, (seen.last() as CodeState.Waiting).seconds)
        pass(20)
        assertEquals(6, digits().size)
        collecting.cancel()
    }

    @Test
    fun `a closed wallet ends the states with its error`() {
        assertThrows(WalletException.Closed::class.java) {
            codes { codes, wallet ->
                wallet.close()
                codes.states.collect { seen.add(it) }
            }
        }
    }

    @Test
    fun `a state prints no digit`() {
        assertEquals("Shown([redacted], 12 s left)", "${CodeState.Shown(phone.code(), 12)}")
    }

    private fun codes(work: suspend TestScope.(PaymentCodes, Wallet) -> Unit) = runTest {
        phone.create().use { wallet ->
            val id = wallet.card(unlock)
            work(PaymentCodes(wallet.payments, unlock, id, null, null, Dispatchers.Unconfined) { currentTime }, wallet)
        }
    }

    private fun TestScope.collect(codes: PaymentCodes): Job {
        val collecting = launch { codes.states.collect { seen.add(it) } }
        runCurrent()
        return collecting
    }

    private fun TestScope.pass(seconds: Int) = repeat(seconds) {
        phone.clock.set(TestPhone.NOW + currentTime / 1_000 + 1)
        advanceTimeBy(1.seconds)
        runCurrent()
    }

    private fun shown() = seen.last() as CodeState.Shown

    private fun digits() = seen.filterIsInstance<CodeState.Shown>().map { it.code.digits }.toSet()
}
