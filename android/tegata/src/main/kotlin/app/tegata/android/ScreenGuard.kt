package app.tegata.android

import android.app.Activity
import android.view.WindowManager.LayoutParams

/**
 * Prepares the screen while it shows a code: full brightness, no sleep, no screenshots. Make one in `onCreate`, or when the
 * code appears, on the main thread and one at a time; [close] it when the code is gone.
 *
 * Brightness and sleep are restored whenever the activity is paused, and set again when it is resumed. Screenshots stay
 * forbidden in between, since the preview of recent apps is taken just then. Nothing of it outlives the activity, so a
 * rotation or the end of the process leaves nothing to restore.
 *
 * @param allowPictures whether to allow screenshots, for a shopper who accepts that other apps may see the code.
 */
public class ScreenGuard @JvmOverloads public constructor(activity: Activity, allowPictures: Boolean = false) :
    AutoCloseable {
    private val window = activity.window
    private val hidesPictures = !allowPictures && !has(LayoutParams.FLAG_SECURE)

    /** The state to restore; nothing while the window is as it was. */
    private var before: WindowState? = null

    private val listener = object : ActivityObserver(activity) {
        override fun resumed() = brighten()

        override fun paused() = putBack()
    }

    init {
        if (hidesPictures) window.addFlags(LayoutParams.FLAG_SECURE)
        brighten()
    }

    /** Restores the window. Closing twice does nothing. */
    override fun close() {
        listener.stopListening()
        putBack()
        if (hidesPictures) window.clearFlags(LayoutParams.FLAG_SECURE)
    }

    private fun brighten() {
        if (before != null) return
        before = WindowState(window.attributes.screenBrightness, has(LayoutParams.FLAG_KEEP_SCREEN_ON))
        window.addFlags(LayoutParams.FLAG_KEEP_SCREEN_ON)
        setBrightness(LayoutParams.BRIGHTNESS_OVERRIDE_FULL)
    }

    private fun putBack() {
        val before = before ?: return
        this.before = null
        if (!before.isKeptOn) window.clearFlags(LayoutParams.FLAG_KEEP_SCREEN_ON)
        setBrightness(before.brightness)
    }

    private fun setBrightness(brightness: Float) {
        window.attributes = window.attributes.apply { screenBrightness = brightness }
    }

    private fun has(flag: Int): Boolean = window.attributes.flags and flag != 0

    private class WindowState(val brightness: Float, val isKeptOn: Boolean)
}
