package app.tegata.android

import java.io.File
import java.io.IOException

/**
 * A secret that a biometric key sealed.
 *
 * @property slot which of the gate's keys sealed it: 1 or 2, or 0 for the one key of earlier versions.
 */
internal class SealedSecret(val slot: Int, val nonce: ByteArray, val ciphertext: ByteArray)

/** The file of a gate, beside its wallet: a byte for the slot, the nonce and the sealed secret. Earlier versions wrote no slot. */
internal class GateFile(wallet: File) {
    private val file = DurableFile(File(wallet.path + ".gate"))

    /** Gives nothing if there is no file. Throws [GateException.KeyLost] if its content is not of this format. */
    @Throws(IOException::class)
    fun read(): SealedSecret? {
        val bytes = file.read() ?: return null
        val slot = if (bytes.size == SIZE) 0 else bytes.firstOrNull()?.toInt()
        val from = if (bytes.size == SIZE) 0 else 1
        if (bytes.size != SIZE + from || slot !in 0..SLOTS) throw GateException.KeyLost()
        val ciphertext = from + NONCE_BYTES
        return SealedSecret(slot!!, bytes.copyOfRange(from, ciphertext), bytes.copyOfRange(ciphertext, bytes.size))
    }

    /** Replaces the content and gives the former one, for [restore]. */
    @Throws(IOException::class)
    fun write(secret: SealedSecret): ByteArray? {
        val before = file.read()
        file.write(byteArrayOf(secret.slot.toByte()) + secret.nonce + secret.ciphertext)
        return before
    }

    /** Puts back what [write] replaced. */
    @Throws(IOException::class)
    fun restore(before: ByteArray?): Unit = if (before == null) file.delete() else file.write(before)

    @Throws(IOException::class)
    fun delete(): Unit = file.delete()

    companion object {
        const val SLOTS = 2
        const val SECRET_BYTES = 32
        private const val SIZE = NONCE_BYTES + SECRET_BYTES + TAG_BITS / Byte.SIZE_BITS
    }
}

/** The uses of all keys of a gate: by slot, that of earlier versions first. */
internal val GATE_USES: List<String> = listOf("gate", "gate1", "gate2")
