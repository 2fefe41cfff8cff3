package app.tegata.android

import android.app.Activity
import android.app.Dialog
import android.os.Looper
import android.view.WindowManager.LayoutParams.BRIGHTNESS_OVERRIDE_FULL
import android.view.WindowManager.LayoutParams.BRIGHTNESS_OVERRIDE_NONE
import android.view.WindowManager.LayoutParams.FLAG_KEEP_SCREEN_ON
import android.view.WindowManager.LayoutParams.FLAG_SECURE
import java.time.Duration
import org.junit.Assert.assertEquals
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.Robolectric
import org.robolectric.RobolectricTestRunner
import org.robolectric.Shadows.shadowOf

@RunWith(RobolectricTestRunner::class)
class ScreenGuardTest {
    private val controller = Robolectric.buildActivity(Guarded::class.java)

    /** As an app writes it. */
    class Guarded : Activity() {
        override fun onCreate(saved: android.os.Bundle?) {
            super.onCreate(saved)
            ScreenGuard(this)
        }
    }

    @Test
    fun `the screen is bright, awake and secure with a code`() {
        assertEquals(State(BRIGHTNESS_OVERRIDE_FULL, awake = true, secret = true), controller.setup().get().state())
    }

    @Test
    fun `a pause restores brightness and hides recents`() {
        val activity = controller.setup().get()
        controller.pause()
        val hidden = State(BRIGHTNESS_OVERRIDE_NONE, awake = false, secret = true)
        assertEquals(hidden, activity.state())
        controller.stop()
        assertEquals(hidden, activity.state())
        controller.restart().resume()
        assertEquals(State(BRIGHTNESS_OVERRIDE_FULL, awake = true, secret = true), activity.state())
    }

    @Test
    fun `a rotation moves the guard to the new window`() {
        val old = controller.setup().get()
        controller.recreate()
        val new = controller.get()
        assertEquals(State(BRIGHTNESS_OVERRIDE_NONE, awake = false, secret = true), old.state())
        assertEquals(State(BRIGHTNESS_OVERRIDE_FULL, awake = true, secret = true), new.state())
        controller.pause()
        assertEquals(State(BRIGHTNESS_OVERRIDE_NONE, awake = false, secret = true), new.state())
    }

    @Test
    fun `the end of the process leaves nothing open`() {
        controller.setup().pause().stop()
        val saved = android.os.Bundle().also { controller.saveInstanceState(it) }
        // Nobody destroys what the system kills: a new activity begins with what was saved.
        val again = Robolectric.buildActivity(Activity::class.java).create(saved).start().resume().get()
        assertEquals(State(BRIGHTNESS_OVERRIDE_NONE, awake = false, secret = false), again.state())
    }

    @Test
    fun `closing restores the window and stops listening`() {
        val plain = Robolectric.buildActivity(Activity::class.java).setup()
        val activity = plain.get()
        activity.window.addFlags(FLAG_KEEP_SCREEN_ON)
        activity.window.attributes = activity.window.attributes.apply { screenBrightness = 0.3f }
        val guard = ScreenGuard(activity)
        assertEquals(State(BRIGHTNESS_OVERRIDE_FULL, awake = true, secret = true), activity.state())
        guard.close()
        val before = State(0.3f, awake = true, secret = false)
        assertEquals(before, activity.state())
        plain.pause().resume()
        guard.close()
        assertEquals(before, activity.state())
    }

    @Test
    fun `settings of the app and the user are kept`() {
        val activity = Robolectric.buildActivity(Activity::class.java).setup().get()
        ScreenGuard(activity, allowPictures = true).use { assertEquals(false, activity.state().secret) }
        activity.window.addFlags(FLAG_SECURE)
        ScreenGuard(activity).close()
        assertEquals(true, activity.state().secret)
    }

    @Test
    fun `other activities are ignored`() {
        val activity = controller.setup().get()
        Robolectric.buildActivity(Activity::class.java).setup().pause().stop().destroy()
        assertEquals(State(BRIGHTNESS_OVERRIDE_FULL, awake = true, secret = true), activity.state())
    }

    @Test
    fun `after a time the guard lets go and says so`() {
        val plain = Robolectric.buildActivity(Activity::class.java).setup()
        var ended = 0
        val guard = ScreenGuard(plain.get()) { ended++ }
        pass(179)
        assertEquals(0, ended)
        guard.restart()
        pass(179)
        assertEquals(0, ended)
        pass(1)
        assertEquals(1, ended)
        assertEquals(State(BRIGHTNESS_OVERRIDE_NONE, awake = false, secret = true), plain.get().state())
        guard.restart()
        pass(600)
        assertEquals(1, ended)
        plain.pause().resume()
        assertEquals(State(BRIGHTNESS_OVERRIDE_FULL, awake = true, secret = true), plain.get().state())
        pass(180)
        assertEquals(2, ended)
    }

    @Test
    fun `the time can be set and ends with the pause`() {
        val plain = Robolectric.buildActivity(Activity::class.java).setup()
        var ended = 0
        val guard = ScreenGuard(plain.get(), timeoutSeconds = 20) { ended++ }
        plain.pause()
        pass(60)
        plain.resume()
        pass(19)
        assertEquals(0, ended)
        pass(1)
        assertEquals(1, ended)
        plain.pause().resume()
        guard.close()
        pass(60)
        assertEquals(1, ended)
    }

    @Test
    fun `the guard reaches dialogs`() {
        val activity = controller.setup().get()
        val hidden = Dialog(activity)
        val open = Dialog(activity)
        ScreenGuard(activity).cover(hidden)
        ScreenGuard(activity, allowPictures = true).cover(open)
        assertEquals(listOf(FLAG_SECURE, 0), listOf(hidden, open).map { it.window!!.attributes.flags and FLAG_SECURE })
    }

    private fun pass(seconds: Long) = shadowOf(Looper.getMainLooper()).idleFor(Duration.ofSeconds(seconds))

    private data class State(val brightness: Float, val awake: Boolean, val secret: Boolean)

    private fun Activity.state(): State {
        val attributes = window.attributes
        val flags = attributes.flags
        return State(attributes.screenBrightness, flags and FLAG_KEEP_SCREEN_ON != 0, flags and FLAG_SECURE != 0)
    }
}
