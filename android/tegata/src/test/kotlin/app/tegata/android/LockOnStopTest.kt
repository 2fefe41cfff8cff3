package app.tegata.android

import android.app.Activity
import android.os.Bundle
import app.tegata.PaymentUnlock
import org.junit.Assert.assertEquals
import org.junit.Rule
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.Robolectric
import org.robolectric.RobolectricTestRunner
import org.robolectric.android.controller.ActivityController

@RunWith(RobolectricTestRunner::class)
class LockOnStopTest {
    @get:Rule
    val phone = TestPhone()

    private val unlock by lazy { PaymentUnlock.withoutLock() }

    /** Another screen of the same app. */
    class Other : Activity()

    @Test
    fun `leaving the screen locks payments, a pause does not`() {
        val controller = phone.activity().setup()
        unlock.lockOnStop(controller.get())
        controller.pause()
        locked(false)
        controller.stop()
        locked(true)
    }

    @Test
    fun `leaving locks after any number of rotations`() {
        val controller = phone.activity().setup()
        unlock.lockOnStop(controller.get())
        repeat(3) {
            controller.recreate()
            locked(false)
        }
        controller.pause()
        locked(false)
        controller.stop()
        locked(true)
    }

    @Test
    fun `an unlock that comes after the stop is locked at once`() {
        val controller = phone.activity().setup()
        leave(controller)
        unlock.lockOnStop(controller.get())
        locked(true)
    }

    @Test
    fun `an unlock for an activity that is gone is locked at once`() {
        val finished = phone.activity().setup().get().apply { finish() }
        unlock.lockOnStop(finished)
        locked(true)
    }

    @Test
    fun `an unlock at the return stays unlocked until the next stop`() {
        val controller = phone.activity().setup()
        leave(controller)
        controller.restart().start()
        unlock.lockOnStop(controller.get())
        locked(false)
        controller.resume()
        leave(controller)
        locked(true)
    }

    @Test
    fun `an unlock before the first start waits for the stop`() {
        val controller = phone.activity().create()
        unlock.lockOnStop(controller.get())
        controller.start().resume()
        locked(false)
        leave(controller)
        locked(true)
    }

    @Test
    fun `other screens lock nothing and inherit nothing`() {
        val controller = phone.activity().setup()
        unlock.lockOnStop(controller.get())
        val other = Robolectric.buildActivity(Other::class.java).setup()
        other.recreate()
        leave(other)
        locked(false)
        controller.recreate()
        leave(other.restart().start().resume())
        locked(false)
        leave(controller)
        locked(true)
    }

    /** As the system does when another app comes to the front. */
    private fun leave(controller: ActivityController<*>) {
        controller.pause().stop().saveInstanceState(Bundle())
    }

    private fun locked(expected: Boolean): Unit = assertEquals(expected, unlock.isLocked())
}
