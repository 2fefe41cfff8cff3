package app.tegata.android

import android.content.Context
import java.io.File
import java.io.FileOutputStream
import java.io.IOException
import java.nio.channels.FileChannel
import java.nio.file.Files
import java.nio.file.StandardCopyOption
import java.nio.file.StandardOpenOption

/**
 * Where a wallet belongs: in the part of an app's storage that neither backups nor the move to a new phone copy. There it
 * would only say that it belongs to another device.
 */
public fun walletFile(context: Context): File =
    File(context.noBackupFilesDir, "tegata").apply { mkdirs() }.resolve("wallet")

/** A few bytes in a file of their own, replaced whole or not at all. */
internal class Kept(private val file: File) {
    /** Nothing if nothing was ever written. */
    @Throws(IOException::class)
    fun read(): ByteArray? = if (file.exists()) file.readBytes() else null

    /** Durably, as far as the device's flash tells the truth. */
    @Throws(IOException::class)
    fun write(bytes: ByteArray) {
        val next = File(file.path + ".next")
        FileOutputStream(next).use {
            it.write(bytes)
            it.fd.sync()
        }
        Files.move(next.toPath(), file.toPath(), StandardCopyOption.ATOMIC_MOVE)
        syncFolder()
    }

    @Throws(IOException::class)
    fun delete() {
        Files.deleteIfExists(file.toPath())
    }

    /** The new name outlives a power cut only once its folder was written. Where a folder cannot be opened, hope remains. */
    private fun syncFolder() {
        try {
            FileChannel.open(file.absoluteFile.toPath().parent, StandardOpenOption.READ).use { it.force(true) }
        } catch (_: IOException) {
            return
        }
    }
}
