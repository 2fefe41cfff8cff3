package app.tegata.android

import android.app.Activity
import android.app.Application.ActivityLifecycleCallbacks
import android.os.Bundle

/** Observes the lifecycle of one activity, until it is destroyed or [stopListening] is called. */
internal abstract class ActivityObserver(protected val activity: Activity) : ActivityLifecycleCallbacks {
    init {
        @Suppress("LeakingThis") // calls come on the main thread, once this has returned
        activity.application.registerActivityLifecycleCallbacks(this)
    }

    protected open fun started(): Unit = Unit

    protected open fun resumed(): Unit = Unit

    protected open fun paused(): Unit = Unit

    protected open fun stopped(): Unit = Unit

    protected open fun destroyed(): Unit = Unit

    fun stopListening(): Unit = activity.application.unregisterActivityLifecycleCallbacks(this)

    final override fun onActivityStarted(activity: Activity): Unit = ifOurs(activity, ::started)

    final override fun onActivityResumed(activity: Activity): Unit = ifOurs(activity, ::resumed)

    /* From Android 10 on, and so also for an observer made in the activity's own `onStart` or `onResume`. */

    final override fun onActivityPostStarted(activity: Activity): Unit = ifOurs(activity, ::started)

    final override fun onActivityPostResumed(activity: Activity): Unit = ifOurs(activity, ::resumed)

    final override fun onActivityPaused(activity: Activity): Unit = ifOurs(activity, ::paused)

    final override fun onActivityStopped(activity: Activity): Unit = ifOurs(activity, ::stopped)

    final override fun onActivityDestroyed(activity: Activity): Unit = ifOurs(activity) {
        destroyed()
        stopListening()
    }

    final override fun onActivityCreated(activity: Activity, saved: Bundle?): Unit = Unit

    final override fun onActivitySaveInstanceState(activity: Activity, saved: Bundle): Unit = Unit

    private inline fun ifOurs(which: Activity, then: () -> Unit) {
        if (which === activity) then()
    }
}
