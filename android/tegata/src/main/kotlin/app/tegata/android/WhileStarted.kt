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
 * This flow, collected only while the activity can be seen: dropped when it is stopped, begun anew when it is started again,
 * ended when it is destroyed. Of codes none is used up in the background.
 */
public fun <T> Flow<T>.whileStarted(activity: Activity): Flow<T> = channelFlow {
    val upstream = this@whileStarted
    activity.isStarted().distinctUntilChanged().collectLatest { started ->
        if (started) upstream.collect { send(it) }
    }
}

/** Locks payments when the activity leaves the screen, but not when it is merely turned. */
public fun PaymentUnlock.lockOnStop(activity: Activity) {
    val unlocked = this
    object : OneActivity(activity) {
        override fun stopped() {
            if (activity.isChangingConfigurations) return
            unlocked.lock()
            stopListening()
        }
    }
}

private fun Activity.isStarted(): Flow<Boolean> = callbackFlow {
    // What it is now can only be seen from its window; if that comes a little later, the listener says so.
    trySend(window.peekDecorView()?.windowVisibility == View.VISIBLE)
    val listener = object : OneActivity(this@isStarted) {
        override fun started() = say(true)

        override fun resumed() = say(true)

        override fun stopped() = say(false)

        override fun destroyed() {
            close()
        }

        private fun say(started: Boolean) {
            trySend(started)
        }
    }
    awaitClose { listener.stopListening() }
}
