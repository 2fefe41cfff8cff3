package app.tegata.android

import android.content.Context
import android.content.pm.PackageManager
import android.hardware.biometrics.BiometricManager
import android.os.Build

/** Whether this phone can unlock payments by a finger or a face, for a page of settings. */
public enum class BiometricSupport {
    /** The gate can be set up; on Android 9, if a finger is enrolled. */
    READY,

    /** There is a sensor, and no finger and no face is enrolled: send the user to the phone's settings. */
    NOTHING_ENROLLED,

    /** There is no sensor that is strong enough. Show no switch. */
    NO_SENSOR,

    /** The sensor cannot be used now. */
    UNAVAILABLE,
    ;

    internal companion object {
        fun of(context: Context): BiometricSupport =
            if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.Q) byManager(context) else byFingerprint(context)
    }
}

@RequiresApiLevel(Build.VERSION_CODES.R)
@Suppress("DEPRECATION") // Android 10 knows no strength
private fun byManager(context: Context): BiometricSupport {
    val manager = context.getSystemService(BiometricManager::class.java) ?: return BiometricSupport.NO_SENSOR
    val answer = if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.R) {
        manager.canAuthenticate(BiometricManager.Authenticators.BIOMETRIC_STRONG)
    } else {
        manager.canAuthenticate()
    }
    return when (answer) {
        BiometricManager.BIOMETRIC_SUCCESS -> BiometricSupport.READY
        BiometricManager.BIOMETRIC_ERROR_NONE_ENROLLED -> BiometricSupport.NOTHING_ENROLLED
        BiometricManager.BIOMETRIC_ERROR_NO_HARDWARE -> BiometricSupport.NO_SENSOR
        else -> BiometricSupport.UNAVAILABLE
    }
}

/** On Android 9 the prompt knows fingers alone, and who is enrolled takes another permission: [PaymentGate.setUp] says so. */
private fun byFingerprint(context: Context): BiometricSupport {
    val hasSensor = context.packageManager.hasSystemFeature(PackageManager.FEATURE_FINGERPRINT)
    return if (hasSensor) BiometricSupport.READY else BiometricSupport.NO_SENSOR
}
