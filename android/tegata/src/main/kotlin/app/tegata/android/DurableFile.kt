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
 * Gives the path for a wallet, in the part of an app's storage that neither backups nor transfers to a new phone copy: on
 * another phone the wallet could not be opened.
 */
public fun walletFile(context: Context): File =
    File(context.noBackupFilesDir, "tegata").apply { mkdirs() }.resolve("wallet")

/** A few bytes in a file of their own, replaced whole or not at all. */
internal class DurableFile(private val file: File) {
    /** Gives nothing if nothing was ever written. */
    @Throws(IOException::class)
    fun read(): ByteArray? = if (file.exists()) file.readBytes() else null

    /** Writes durably, as far as the device's flash memory keeps its word. */
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
        Files.deleteIfExists(File(file.path + ".next").toPath()) // left by a write that was interrupted
    }

    /** The new name survives a power loss only once its folder was written. Skipped where a folder cannot be opened. */
    private fun syncFolder() {
        try {
            FileChannel.open(file.absoluteFile.toPath().parent, StandardOpenOption.READ).use { it.force(true) }
        } catch (_: IOException) {
            return
        }
    }
}
