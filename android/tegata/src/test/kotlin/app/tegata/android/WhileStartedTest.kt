package app.tegata.android

import android.app.Activity
import android.os.Bundle
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.ExperimentalCoroutinesApi
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.flow
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch
import kotlinx.coroutines.test.TestScope
import kotlinx.coroutines.test.advanceTimeBy
import kotlinx.coroutines.test.runCurrent
import kotlinx.coroutines.test.runTest
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Rule
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.Robolectric
import org.robolectric.RobolectricTestRunner

@OptIn(ExperimentalCoroutinesApi::class)
@RunWith(RobolectricTestRunner::class)
class WhileStartedTest {
    @get:Rule
    val phone = TestPhone()

    /** Collects at each step, on a dispatcher that does not wait for the present message, as `Main.immediate`. */
    class Collecting : Activity() {
        val seen = ArrayList<String>()

        override fun onCreate(saved: Bundle?) {
            super.onCreate(saved)
            collect("create")
        }

        override fun onStart() {
            super.onStart()
            collect("start")
        }

        override fun onResume() {
            super.onResume()
            collect("resume")
        }

        private fun collect(step: String) {
            CoroutineScope(Dispatchers.Unconfined).launch {
                flow { emit(step) }.whileStarted(this@Collecting).collect { seen.add(it) }
            }
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
    fun `the flow starts at once on a visible screen and ends`() = runTest {
        val controller = phone.activity().setup()
        assertEquals(listOf(7), flow { emit(7) }.whileStarted(controller.get()).toList())
    }

    @Test
    fun `a flow begun in any step of the start is collected`() {
        val controller = Robolectric.buildActivity(Collecting::class.java).create()
        assertEquals(emptyList<String>(), controller.get().seen)
        controller.start()
        assertEquals(setOf("create", "start"), controller.get().seen.toSet())
        controller.resume()
        assertEquals(setOf("create", "start", "resume"), controller.get().seen.toSet())
        controller.pause().resume()
        assertEquals("resume", controller.get().seen.last())
        assertEquals(4, controller.get().seen.size)
    }

    private fun TestScope.pass(seconds: Int) {
        idle()
        advanceTimeBy(seconds.seconds)
        runCurrent()
    }
}
