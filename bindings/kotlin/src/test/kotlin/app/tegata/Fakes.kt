package app.tegata

/* A keystore and an anchor that fail when a step says so. Python's and Swift's scenarios run on the same ones. */

const val SECRET = "the seed is 0123456789"

/** The exception that a fake throws: for as many calls as [times] says, or for all. */
class Fault {
    private var failure: Throwable? = null
    private var times: Long? = null

    fun throws(failure: Throwable?, times: Long? = null) {
        this.failure = failure
        this.times = times
    }

    fun strike() {
        val failure = failure ?: return
        if (times == 0L) return
        times = times?.dec()
        throw failure
    }
}

/**
 * Encrypts nothing: what it wraps has the device's number before it. Inputs that it knows have the answers given. Its
 * signatures are readable stand-ins without a [signer].
 */
class FakeKeystore(private val device: Byte) : Keystore {
    /** By input; both in hexadecimal digits, since arrays compare by identity. */
    var answers: Map<String, String> = emptyMap()
    val fault = Fault()
    var signer: TestKey? = null
    var forger: TestKey? = null

    override fun wrap(plaintext: ByteArray): ByteArray {
        fault.strike()
        return byteArrayOf(device) + plaintext
    }

    override fun unwrap(wrapped: ByteArray): ByteArray {
        fault.strike()
        answers[wrapped.toHex()]?.let { return it.fromHex() }
        if (wrapped.first() != device) throw KeystoreException.WrongDevice()
        return wrapped.copyOfRange(1, wrapped.size)
    }

    override fun prf(input: ByteArray): ByteArray {
        fault.strike()
        return answers[input.toHex()]?.fromHex() ?: input
    }

    override fun publicKey(): ByteArray {
        fault.strike()
        return signer?.publicKey() ?: (byteArrayOf(4) + ByteArray(64) { device })
    }

    override fun sign(message: ByteArray): ByteArray {
        fault.strike()
        return (forger ?: signer)?.sign(message) ?: (byteArrayOf(device) + message)
    }

    override fun replaceSigningKey() {
        fault.strike()
        signer?.replace()
    }
}

/** Stores the state in memory. */
class FakeAnchor : Anchor {
    var anchored: AnchorState? = null
    val fault = Fault()

    override fun load(): AnchorState? {
        fault.strike()
        return anchored
    }

    override fun store(anchored: AnchorState) {
        fault.strike()
        this.anchored = anchored
    }
}

fun ByteArray.toHex(): String = java.util.HexFormat.of().formatHex(this)

fun String.fromHex(): ByteArray = java.util.HexFormat.of().parseHex(this)
