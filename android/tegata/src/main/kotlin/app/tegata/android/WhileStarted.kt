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

/** Locks payments when the activity leaves the screen, but not when the screen is merely rotated. */
public fun PaymentUnlock.lockOnStop(activity: Activity) {
    val unlock = this
    object : ActivityObserver(activity) {
        override fun stopped() {
            if (activity.isChangingConfigurations) return
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
