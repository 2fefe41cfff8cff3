package app.tegata.android

/** Why the way by finger or face did not open payments: each is something a screen can say and act on. */
public sealed class GateException(clause: String) : Exception(clause) {
    /** Put away by the person or the system. Ask again when they ask to pay. */
    public class Cancelled : GateException("the prompt was put away")

    /** The person wants to type the PIN. */
    public class PinChosen : GateException("the PIN was chosen instead")

    /** A finger or a face was added since, and the key is gone for good: unlock by PIN, then set the gate up again. */
    public class EnrolmentChanged : GateException("the enrolled fingers or faces have changed")

    /** The device knows no finger and no face: send the person to the settings, or use the PIN. */
    public class NothingEnrolled : GateException("no finger and no face is enrolled")

    /** Too many wrong ones. Shortly, or until the device is unlocked by its own PIN if [forLong]; ours still works. */
    public class LockedOut(public val forLong: Boolean) : GateException("there were too many wrong tries")

    /** Set it up first, after unlocking by PIN. */
    public class NotSetUp : GateException("payments are not unlocked in this way")

    /** The sensor, its key or what is kept beside the wallet cannot be used now. Use the PIN. */
    public class Unavailable : GateException("the sensor cannot be used")
}
