package app.tegata.android

import android.app.Activity
import android.app.Dialog
import android.os.Handler
import android.os.Looper
import android.view.WindowManager.LayoutParams

/**
 * Prepares the screen while it shows a code: full brightness, no sleep, no screenshots. Make one in `onCreate`, or when the
 * code appears, on the main thread and one at a time; [close] it when the code is gone.
 *
 * Brightness and sleep are restored whenever the activity is paused, and set again when it is resumed. Screenshots stay
 * forbidden in between, since the preview of recent apps is taken just then. Nothing of it outlives the activity, so a
 * rotation or the end of the process leaves nothing to restore.
 *
 * A phone that was put down with its code on the screen goes to sleep: after [timeoutSeconds] brightness and sleep are
 * restored and [onTimeout] is called, to hide the code, best by locking payments. The time begins anew with each resume and
 * with [restart]. What the proximity sensor says is left to the app.
 *
 * @param allowPictures whether to allow screenshots, for a shopper who accepts that other apps may see the code.
 * @param timeoutSeconds three minutes if not given.
 * @param onTimeout called on the main thread.
 */
public class ScreenGuard @JvmOverloads public constructor(
    activity: Activity,
    private val allowPictures: Boolean = false,
    private val timeoutSeconds: Int = TIMEOUT_SECONDS,
    private val onTimeout: () -> Unit = {},
) : AutoCloseable {
    private val window = activity.window
    private val hidesPictures = !allowPictures && !has(LayoutParams.FLAG_SECURE)

    /** The state to restore; nothing while the window is as it was. */
    private var before: WindowState? = null

    private val handler = Handler(Looper.getMainLooper())
    private val timeout = Runnable {
        putBack()
        onTimeout()
    }

    private val listener = object : ActivityObserver(activity) {
        override fun resumed() = brighten()

        override fun paused() = putBack()
    }

    init {
        if (hidesPictures) window.addFlags(LayoutParams.FLAG_SECURE)
        brighten()
    }

    /** Begins the time anew, as after a touch; does nothing once it is over. */
    public fun restart() {
        if (before == null) return
        handler.removeCallbacks(timeout)
        handler.postDelayed(timeout, timeoutSeconds * MILLIS)
    }

    /** Forbids screenshots of a dialog, too: its window is another one. Call it for each dialog that shows a secret. */
    public fun cover(dialog: Dialog) {
        if (!allowPictures) dialog.window?.addFlags(LayoutParams.FLAG_SECURE)
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
        restart()
    }

    private fun putBack() {
        handler.removeCallbacks(timeout)
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

    private companion object {
        const val TIMEOUT_SECONDS = 180
        const val MILLIS = 1_000L
    }
}
