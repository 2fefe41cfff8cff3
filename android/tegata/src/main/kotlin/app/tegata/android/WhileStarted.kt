package app.tegata.android

import android.app.Activity
import android.os.Handler
import android.os.Looper
import android.view.View
import app.tegata.PaymentUnlock
import kotlinx.coroutines.ExperimentalCoroutinesApi
import kotlinx.coroutines.channels.awaitClose
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.callbackFlow
import kotlinx.coroutines.flow.channelFlow
import kotlinx.coroutines.flow.distinctUntilChanged
import kotlinx.coroutines.flow.firstOrNull
import kotlinx.coroutines.flow.mapLatest

/**
 * Collects this flow only while the activity is visible: cancels when it is stopped, collects again when it is started
 * again. Ends when this flow ends, or the activity is destroyed. No code is used up in the background.
 */
@OptIn(ExperimentalCoroutinesApi::class)
public fun <T> Flow<T>.whileStarted(activity: Activity): Flow<T> = channelFlow {
    val upstream = this@whileStarted
    val ends = activity.isStarted().distinctUntilChanged().mapLatest { started ->
        if (started) upstream.collect { send(it) }
        started
    }
    ends.firstOrNull { it }
}

/**
 * Locks payments when the screen is left, but not when the screen is rotated or folded: the next activity of the same class
 * is the same screen. Locks at once if the activity was stopped already, as when it was left while the prompt was up. Call
 * it on the main thread, once for each unlock.
 */
public fun PaymentUnlock.lockOnStop(activity: Activity) {
    if (activity.isStopped) return lock()
    val unlock = this
    object : ScreenObserver(activity) {
        override fun left() {
            unlock.lock()
            stopListening()
        }
    }
}

private fun Activity.isStarted(): Flow<Boolean> = callbackFlow {
    var isKnown = false
    val emit = { started: Boolean ->
        isKnown = true
        trySend(started)
    }
    val listener = object : ActivityObserver(this@isStarted) {
        override fun started() {
            emit(true)
        }

        override fun resumed() {
            emit(true)
        }

        override fun stopped() {
            emit(false)
        }

        override fun destroyed() {
            close()
        }
    }
    val look = { if (!isKnown && isInSight) emit(true) }
    look()
    // In `onResume` the window is not there yet. It is when the system has done with the start; on Android 9, which calls
    // no listener then, after the present message.
    Handler(Looper.getMainLooper()).post { look() }
    awaitClose { listener.stopListening() }
}

/** Whether its window is there and was not hidden, as it is from stop to start. */
private val Activity.isInSight: Boolean
    get() = !isStopped && window.peekDecorView()?.run { parent != null && visibility == View.VISIBLE } == true
