package androidx.test.internal.runner.lifecycle

import android.app.Activity
import android.app.Application
import androidx.test.runner.lifecycle.ActivityLifecycleCallback
import androidx.test.runner.lifecycle.ActivityLifecycleMonitor
import androidx.test.runner.lifecycle.ApplicationLifecycleMonitor
import androidx.test.runner.lifecycle.ApplicationStage
import androidx.test.runner.lifecycle.Stage
import java.util.WeakHashMap

/** Forgets what it hears. */
public class ApplicationLifecycleMonitorImpl : ApplicationLifecycleMonitor {
    @Suppress("UNUSED_PARAMETER")
    public fun signalLifecycleChange(app: Application?, stage: ApplicationStage?): Unit = Unit
}

/** Keeps what it hears of each activity that is still there. */
public class ActivityLifecycleMonitorImpl : ActivityLifecycleMonitor {
    private val heard = WeakHashMap<Activity, Stage>()
    private val told = ArrayList<ActivityLifecycleCallback>()

    public fun signalLifecycleChange(stage: Stage, activity: Activity) {
        heard[activity] = stage
        for (callback in ArrayList(told)) callback.onActivityLifecycleChanged(activity, stage)
    }

    override fun addLifecycleCallback(callback: ActivityLifecycleCallback) {
        told.add(callback)
    }

    override fun removeLifecycleCallback(callback: ActivityLifecycleCallback) {
        told.remove(callback)
    }

    override fun getLifecycleStageOf(activity: Activity): Stage = heard.getValue(activity)

    override fun getActivitiesInStage(stage: Stage): Collection<Activity> = heard.keys.filter { heard[it] == stage }
}
