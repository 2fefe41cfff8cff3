package app.tegata.android

import android.app.Activity
import android.view.View
import app.tegata.PaymentUnlock
import kotlinx.coroutines.channels.awaitClose
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.callbackFlow
import kotlinx.coroutines.flow.channelFlow
import kotlinx.coroutines.flow.collectLatest
import kotlinx.coroutines.flow.distinctUntilChanged

/**
 * Collects this flow only while the activity is visible: cancels when it is stopped, collects again when it is started
 * again, ends when it is destroyed. No code is used up in the background.
 */
public fun <T> Flow<T>.whileStarted(activity: Activity): Flow<T> = channelFlow {
    val upstream = this@whileStarted
    activity.isStarted().distinctUntilChanged().collectLatest { started ->
        if (started) upstream.collect { send(it) }
    }
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
    // Its present state shows only in its window; if that comes a little later, the listener is called.
    trySend(window.peekDecorView()?.windowVisibility == View.VISIBLE)
    val listener = object : ActivityObserver(this@isStarted) {
        override fun started() = emit(true)

        override fun resumed() = emit(true)

        override fun stopped() = emit(false)

        override fun destroyed() {
            close()
        }

        private fun emit(started: Boolean) {
            trySend(started)
        }
    }
    awaitClose { listener.stopListening() }
}
