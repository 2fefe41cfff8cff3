package androidx.test.runner.lifecycle

import android.app.Activity

/** Where an activity is in its life. */
public enum class Stage { PRE_ON_CREATE, CREATED, STARTED, RESUMED, PAUSED, STOPPED, RESTARTED, DESTROYED }

/** Where an app is in its life. */
public enum class ApplicationStage { PRE_ON_CREATE, CREATED }

/** Nobody asks it anything. */
public interface ApplicationLifecycleMonitor

/** Told of each step. */
public fun interface ActivityLifecycleCallback {
    public fun onActivityLifecycleChanged(activity: Activity, stage: Stage)
}

/** Knows where each activity is. */
public interface ActivityLifecycleMonitor {
    public fun addLifecycleCallback(callback: ActivityLifecycleCallback)

    public fun removeLifecycleCallback(callback: ActivityLifecycleCallback)

    public fun getLifecycleStageOf(activity: Activity): Stage

    public fun getActivitiesInStage(stage: Stage): Collection<Activity>
}

/** Nobody asks it anything. */
public object ApplicationLifecycleMonitorRegistry {
    @JvmStatic
    public fun registerInstance(@Suppress("UNUSED_PARAMETER") monitor: ApplicationLifecycleMonitor?): Unit = Unit
}

/** Remembers what Robolectric registers. */
public object ActivityLifecycleMonitorRegistry {
    private var registered: ActivityLifecycleMonitor? = null

    @JvmStatic
    public fun registerInstance(monitor: ActivityLifecycleMonitor?) {
        registered = monitor
    }

    @JvmStatic
    public fun getInstance(): ActivityLifecycleMonitor = checkNotNull(registered) { "no test is running" }
}
