package app.tegata.android

import android.app.Activity
import android.view.WindowManager.LayoutParams

/**
 * What a screen needs while it shows a code: full brightness, no sleep, no pictures of it. Make one in `onCreate`, or when
 * the code appears, on the main thread and one at a time; [close] it when the code is gone.
 *
 * Brightness and wakefulness are put back whenever the activity is paused, and come again when it is resumed. Pictures stay
 * forbidden in between: the preview of recent apps is taken just then. Nothing of it outlives the activity, so a rotation or
 * the end of the process leaves nothing to put back.
 *
 * @param allowPictures for a shopper who wants screenshots, and accepts that other apps may see the code.
 */
public class ScreenGuard @JvmOverloads public constructor(activity: Activity, allowPictures: Boolean = false) :
    AutoCloseable {
    private val window = activity.window
    private val hidesPictures = !allowPictures && !has(LayoutParams.FLAG_SECURE)

    /** What was there before; nothing while it is in force. */
    private var before: Before? = null

    private val listener = object : ActivityObserver(activity) {
        override fun resumed() = brighten()

        override fun paused() = putBack()
    }

    init {
        if (hidesPictures) window.addFlags(LayoutParams.FLAG_SECURE)
        brighten()
    }

    /** Puts everything back as it was. Closing twice does nothing. */
    override fun close() {
        listener.stopListening()
        putBack()
        if (hidesPictures) window.clearFlags(LayoutParams.FLAG_SECURE)
    }

    private fun brighten() {
        if (before != null) return
        before = Before(window.attributes.screenBrightness, has(LayoutParams.FLAG_KEEP_SCREEN_ON))
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

    private class Before(val brightness: Float, val isKeptOn: Boolean)
}
