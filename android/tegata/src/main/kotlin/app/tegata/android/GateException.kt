package app.tegata.android

import app.tegata.WalletException

/** Why the gate did not do what was asked. All that it throws is one of these, and each is something that a screen can act on. */
public sealed class GateException(clause: String, reason: Exception? = null) : Exception(clause, reason) {
    /** The user or the system dismissed the prompt. Prompt again when the user wants to pay. */
    public class Cancelled : GateException("the prompt was dismissed")

    /** The user wants to type the PIN. */
    public class PinChosen : GateException("the PIN was chosen instead")

    /** A finger or a face was added since, and the key is gone for good: unlock by PIN, then set the gate up again. */
    public class EnrolmentChanged : GateException("the enrolled fingers or faces have changed")

    /** No finger and no face is enrolled: send the user to the settings, or use the PIN. */
    public class NothingEnrolled : GateException("no finger and no face is enrolled")

    /** Too many wrong tries: locked out for a short time, or with [forLong] until the device's own PIN is typed. The wallet's PIN still works. */
    public class LockedOut(public val forLong: Boolean) : GateException("there were too many wrong tries")

    /** Biometric unlocking is not set up: set it up after unlocking by PIN. */
    public class NotSetUp : GateException("biometric unlocking is not set up")

    /** The key or what it seals is missing or damaged, for good: unlock by PIN, then set the gate up again. */
    public class KeyLost : GateException("the key of biometric unlocking was lost")

    /** The phone is locked: ask the user to unlock it, and try again. */
    public class DeviceLocked : GateException("the phone is locked")

    /** There is no PIN: set one first. A finger that somebody enrols must not be all that it takes. */
    public class PinRequired : GateException("there is no PIN")

    /** The sensor, its key or the file beside the wallet cannot be used now. Use the PIN. */
    public class Unavailable : GateException("the sensor cannot be used")

    /**
     * The wallet refused, as for a wrong PIN or with an unlock token that was locked.
     *
     * @property reason what the wallet threw.
     */
    public class WalletRefused(public val reason: WalletException) : GateException("the wallet refused", reason)
}
