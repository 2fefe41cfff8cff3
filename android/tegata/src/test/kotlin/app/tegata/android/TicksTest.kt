package app.tegata.android

import app.tegata.Language
import app.tegata.PaymentUnlock
import app.tegata.WalletException
import app.tegata.codes
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.ExperimentalCoroutinesApi
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.flow
import kotlinx.coroutines.flow.take
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch
import kotlinx.coroutines.test.TestScope
import kotlinx.coroutines.test.advanceTimeBy
import kotlinx.coroutines.test.runCurrent
import kotlinx.coroutines.test.runTest
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Rule
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment

@OptIn(ExperimentalCoroutinesApi::class)
@RunWith(RobolectricTestRunner::class)
class TicksTest {
    @get:Rule
    val phone = Phone()

    @Test
    fun `a code of the real core ticks each second, and the next one takes its place`() = runTest {
        val unlocked = PaymentUnlock.withoutLock()
        phone.create().use { wallet ->
            val id = wallet.card(unlocked)
            val codes = wallet.payments.codes(unlocked, id, dispatcher = Dispatchers.Unconfined)
            val first = phone.clock.let { Phone.NOW }
            val ticks = ArrayList<Tick>()
            val collecting = launch { codes.ticking().collect { ticks.add(it) } }
            runCurrent()
            val whole = ticks.single().secondsLeft
            assertEquals(ticks.single().code.nextAt - first, whole.toLong())
            repeat(whole - 1) { second(ticks, whole - 1 - it) }
            phone.clock.set(first + whole)
            advanceTimeBy(1.seconds)
            runCurrent()
            assertEquals(30, ticks.last().secondsLeft)
            assertFalse(ticks.last().code.digits == ticks.first().code.digits)
            collecting.cancel()
        }
    }

    @Test
    fun `in the background nothing runs, and it begins anew in the foreground`() = runTest {
        val controller = phone.activity().create()
        var begun = 0
        val seen = ArrayList<Int>()
        val counting: Flow<Int> = flow {
            begun++
            for (at in 0..1_000) {
                emit(at)
                delay(1.seconds)
            }
        }
        val collecting = launch { counting.whileStarted(controller.get()).collect { seen.add(it) } }
        pass(5)
        assertEquals(0, begun)
        controller.start().resume()
        pass(5)
        assertEquals(1, begun)
        controller.pause()
        pass(1)
        assertEquals("paused is still seen", 1, begun)
        controller.stop()
        val size = seen.size
        pass(60)
        assertEquals(size, seen.size)
        controller.restart().resume()
        pass(2)
        assertEquals(2, begun)
        assertTrue(collecting.isActive)
        controller.pause().stop().destroy()
        pass(1)
        assertTrue("ended with the activity", collecting.isCompleted)
    }

    @Test
    fun `collected on a screen that is there already it begins at once`() = runTest {
        val controller = phone.activity().setup()
        assertEquals(listOf(7), flow { emit(7) }.whileStarted(controller.get()).take(1).toList())
    }

    @Test
    fun `payments are locked as the screen is left, and not as it is turned`() {
        val unlocked = PaymentUnlock.withoutLock()
        phone.create().use { wallet ->
            val id = wallet.card(unlocked)
            val controller = phone.activity().setup()
            unlocked.lockOnStop(controller.get())
            controller.recreate()
            wallet.code(unlocked, id)
            unlocked.lockOnStop(controller.get())
            controller.pause()
            wallet.code(unlocked, id)
            controller.stop()
            assertThrows(WalletException.PaymentsLocked::class.java) { wallet.code(unlocked, id) }
        }
    }

    @Test
    fun `codes are spelled out in the first language of the person's that there is`() {
        for ((qualifiers, language) in mapOf(
            "ja" to Language.JAPANESE,
            "en" to Language.ENGLISH,
            "fr" to Language.ENGLISH,
        )) {
            RuntimeEnvironment.setQualifiers(qualifiers)
            assertEquals(language, spokenLanguage(phone.app))
        }
    }

    @Test
    fun `a tick prints no digit of its code`() {
        assertEquals("Tick([redacted], 12 s left)", "${Tick(phone.code(), 12)}")
    }

    private fun TestScope.second(ticks: List<Tick>, left: Int) {
        advanceTimeBy(1.seconds)
        runCurrent()
        assertEquals(left, ticks.last().secondsLeft)
    }

    private fun TestScope.pass(seconds: Int) {
        idle()
        advanceTimeBy(seconds.seconds)
        runCurrent()
    }
}
