package app.tegata.android

import app.tegata.Anchor
import app.tegata.AnchorException
import app.tegata.AnchorState
import java.io.File
import java.io.IOException
import java.nio.ByteBuffer

/**
 * Detects that an older copy of a wallet was put back, by a small file beside it. Keep the wallet where backups do not
 * reach, as at [walletFile]: whoever can write there can put the anchor back as well.
 *
 * @param wallet the wallet's own path; the anchor's is this followed by `.anchor`.
 */
public class FileAnchor(wallet: File) : Anchor {
    private val file = DurableFile(File(wallet.path + ".anchor"))

    override fun load(): AnchorState? = failing { file.read()?.let(::read) }

    override fun store(anchored: AnchorState): Unit = failing { file.write(write(anchored)) }

    /** Removes the anchor, once the wallet was destroyed. */
    @Throws(AnchorException::class)
    public fun forget(): Unit = failing { file.delete() }

    private inline fun <T> failing(work: () -> T): T = try {
        work()
    } catch (_: IOException) {
        throw AnchorException.Failed()
    }

    /* Format 1, then the wallet's 16 bytes, the epoch in 8 and the tries in 4, big-endian. */

    private fun write(anchored: AnchorState): ByteArray {
        val bytes = ByteBuffer.allocate(SIZE).put(FORMAT).put(anchored.vault)
        return bytes.putLong(anchored.epoch).putInt(anchored.failedPinTries).array()
    }

    private fun read(bytes: ByteArray): AnchorState {
        if (bytes.size != SIZE || bytes[0] != FORMAT) throw AnchorException.Failed()
        val vault = bytes.copyOfRange(1, 1 + VAULT_BYTES)
        val numbers = ByteBuffer.wrap(bytes, 1 + VAULT_BYTES, Long.SIZE_BYTES + Int.SIZE_BYTES)
        return AnchorState(vault, numbers.getLong(), numbers.getInt())
    }

    private companion object {
        const val FORMAT: Byte = 1
        const val VAULT_BYTES = 16
        const val SIZE = 1 + VAULT_BYTES + Long.SIZE_BYTES + Int.SIZE_BYTES
    }
}
