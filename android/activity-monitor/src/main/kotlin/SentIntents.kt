package androidx.test.internal.runner.intent

import android.content.Intent
import androidx.test.runner.intent.IntentMonitor

/** Forgets what it hears. */
public class IntentMonitorImpl : IntentMonitor {
    @Suppress("UNUSED_PARAMETER")
    public fun signalIntent(intent: Intent?): Unit = Unit
}
