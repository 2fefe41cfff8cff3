package app.tegata.android

import app.tegata.PaymentCode

/** What a screen shows of a payment credential. */
public sealed interface CodeState {
    /**
     * A code to pay with.
     *
     * @property code the code to show.
     * @property secondsLeft the seconds until the next code replaces it.
     */
    public class Shown internal constructor(public val code: PaymentCode, public val secondsLeft: Int) : CodeState {
        override fun toString(): String = "Shown([redacted], $secondsLeft s left)"
    }

    /**
     * All codes of this half minute were shown.
     *
     * @property seconds the seconds until there is another.
     */
    public class Waiting internal constructor(public val seconds: Int) : CodeState {
        override fun toString(): String = "Waiting($seconds s)"
    }

    /** Payments are locked: unlock them, and make [PaymentCodes] with the new unlock token. */
    public data object Locked : CodeState
}
