package app.tegata.android

import android.app.Activity
import android.app.Application.ActivityLifecycleCallbacks
import android.os.Bundle

/**
 * Observes a screen as the shopper sees it: an activity, and after a rotation, a fold or another change of configuration the
 * activity that the system makes in its place. Observes until [stopListening] is called.
 */
internal abstract class ScreenObserver(private var activity: Activity) : ActivityLifecycleCallbacks {
    private val application = activity.application

    /** Whether the system has destroyed the activity and makes the next one, which it does without letting others in. */
    private var isBeingReplaced = false

    init {
        @Suppress("LeakingThis") // calls come on the main thread, once this has returned
        application.registerActivityLifecycleCallbacks(this)
    }

    /** Called when the screen is out of sight, and not merely replaced. */
    protected abstract fun left()

    fun stopListening(): Unit = application.unregisterActivityLifecycleCallbacks(this)

    final override fun onActivityCreated(activity: Activity, saved: Bundle?) {
        if (!isBeingReplaced || activity.javaClass != this.activity.javaClass) return
        isBeingReplaced = false
        this.activity = activity
    }

    final override fun onActivityStopped(activity: Activity) {
        if (activity === this.activity && !activity.isChangingConfigurations) left()
    }

    final override fun onActivityDestroyed(activity: Activity) {
        if (activity !== this.activity) return
        if (activity.isChangingConfigurations) isBeingReplaced = true else left()
    }

    final override fun onActivityStarted(activity: Activity): Unit = Unit

    final override fun onActivityResumed(activity: Activity): Unit = Unit

    final override fun onActivityPaused(activity: Activity): Unit = Unit

    final override fun onActivitySaveInstanceState(activity: Activity, saved: Bundle): Unit = Unit
}

/**
 * Whether the activity was stopped and not started since. An activity that was never started was not stopped, either.
 *
 * Android shows no activity's state to others; but from Android 9 on it saves the state of each activity that it stops, and
 * says so until the next start. It saves none of one that is finishing.
 */
internal val Activity.isStopped: Boolean
    @Suppress("DEPRECATION") // androidx has the class that replaces it
    get() = isFinishing || isDestroyed || fragmentManager.isStateSaved
