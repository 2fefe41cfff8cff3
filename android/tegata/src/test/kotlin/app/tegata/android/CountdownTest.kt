package app.tegata.android

import app.tegata.Language
import app.tegata.PaymentUnlock
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
import org.junit.Assert.assertTrue
import org.junit.Rule
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment

@OptIn(ExperimentalCoroutinesApi::class)
@RunWith(RobolectricTestRunner::class)
class CountdownTest {
    @get:Rule
    val phone = TestPhone()

    @Test
    fun `a code counts down until the next one`() = runTest {
        val unlock = PaymentUnlock.withoutLock()
        phone.create().use { wallet ->
            val id = wallet.card(unlock)
            val codes = wallet.payments.codes(unlock, id, dispatcher = Dispatchers.Unconfined)
            val first = phone.clock.let { TestPhone.NOW }
            val ticks = ArrayList<CodeCountdown>()
            val collecting = launch { codes.withCountdown().collect { ticks.add(it) } }
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
    fun `the flow stops in the background and restarts`() = runTest {
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
    fun `the flow starts at once on a visible screen`() = runTest {
        val controller = phone.activity().setup()
        assertEquals(listOf(7), flow { emit(7) }.whileStarted(controller.get()).take(1).toList())
    }

    @Test
    fun `codes are spoken in the user's first supported language`() {
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
    fun `a countdown prints no digit`() {
        assertEquals("CodeCountdown([redacted], 12 s left)", "${CodeCountdown(phone.code(), 12)}")
    }

    private fun TestScope.second(ticks: List<CodeCountdown>, left: Int) {
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
