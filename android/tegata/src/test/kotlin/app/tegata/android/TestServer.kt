package app.tegata.android

import java.io.Closeable
import java.io.IOException
import java.net.InetAddress
import java.net.ServerSocket
import java.net.Socket
import java.util.concurrent.CopyOnWriteArrayList
import javax.net.ServerSocketFactory
import kotlin.concurrent.thread

/** Whatever answers in an issuer's place on this machine: each connection is one request, kept word for word. */
class TestServer(
    sockets: ServerSocketFactory = ServerSocketFactory.getDefault(),
    private val answer: (nth: Int, to: Socket) -> Unit,
) : Closeable {
    private val listener: ServerSocket = sockets.createServerSocket(0, 50, InetAddress.getByName("127.0.0.1"))

    val asked: MutableList<String> = CopyOnWriteArrayList()
    val port = listener.localPort
    val address = "127.0.0.1:$port"

    init {
        thread(isDaemon = true) {
            try {
                while (true) {
                    val socket = listener.accept()
                    thread(isDaemon = true) { socket.use(::serve) }
                }
            } catch (_: IOException) {
                return@thread // closed
            }
        }
    }

    private fun serve(socket: Socket) {
        try {
            val request = read(socket) ?: return
            val nth = synchronized(asked) { asked.add(request).let { asked.size } }
            answer(nth, socket)
        } catch (_: IOException) {
            return // whoever asked has gone
        }
    }

    private fun read(socket: Socket): String? {
        val input = socket.getInputStream()
        val head = StringBuilder()
        while (!head.endsWith("\r\n\r\n")) head.append(input.read().also { if (it < 0) return null }.toChar())
        val length = Regex("(?i)content-length: (\\d+)").find(head)?.groupValues?.get(1)?.toInt() ?: 0
        return head.toString() + input.readNBytes(length).decodeToString()
    }

    override fun close() = listener.close()
}

/** Answers and hangs up. */
fun Socket.say(status: String, body: String = "", header: String? = null) {
    val headers = listOfNotNull("Content-Length: ${body.length}", "Connection: close", header)
    sendRaw("HTTP/1.1 $status\r\n${headers.joinToString("\r\n")}\r\n\r\n$body")
}

fun Socket.sendRaw(bytes: String) = getOutputStream().run {
    write(bytes.toByteArray())
    flush()
}
