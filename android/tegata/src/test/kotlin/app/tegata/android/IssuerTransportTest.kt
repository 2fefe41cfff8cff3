package app.tegata.android

import app.tegata.IssuerRequest
import java.io.File
import java.net.InetSocketAddress
import java.net.ProxySelector
import java.net.Socket
import java.net.UnknownServiceException
import java.security.KeyStore
import java.util.concurrent.CountDownLatch
import java.util.concurrent.TimeUnit.MILLISECONDS
import java.util.concurrent.TimeUnit.SECONDS
import javax.net.ServerSocketFactory
import javax.net.ssl.KeyManagerFactory
import javax.net.ssl.SSLContext
import kotlin.time.Duration.Companion.milliseconds
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.ExperimentalCoroutinesApi
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.test.currentTime
import kotlinx.coroutines.test.runTest
import okhttp3.OkHttpClient
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Rule
import org.junit.Test
import org.junit.rules.TemporaryFolder

@OptIn(ExperimentalCoroutinesApi::class)
class IssuerTransportTest {
    @get:Rule
    val folder = TemporaryFolder()

    private val transport = IssuerTransport(takesLoopback = true)

    @Test
    fun `requests and responses pass unchanged`() = runBlocking {
        TestServer { _, to -> to.say("401 Unauthorized", "{\"type\":\"no\"}", "Retry-After: 7") }.use { server ->
            val response = transport.send(request(server))
            val heard = "${response.status} ${response.body.decodeToString()} ${response.retryAfter}"
            assertEquals("401 {\"type\":\"no\"} 7", heard)
            val asked = server.asked.single()
            assertTrue(asked, asked.startsWith("POST /v1/log-ins HTTP/1.1\r\n") && asked.endsWith("\r\n\r\n$SECRET"))
            val headers = "Content-Type: application/json|Authorization: Bearer $SECRET|User-Agent: tegata-android"
            for (header in headers.split('|')) assertTrue("$header in $asked", "\r\n$header\r\n" in asked)
        }
    }

    @Test
    fun `requests need TLS, or loopback in a debuggable app`() {
        TestServer { _, to -> to.say("200 OK") }.use { server ->
            val released = IssuerTransport(takesLoopback = false)
            refuses<TransportException.NotOverTls>(released, request(server))
            assertEquals(0, server.asked.size)
            val elsewhere = listOf(
                "http://pay.example.org/",
                "http://localhost:1/",
                "http://127.0.0.1.example.org/",
                "ftp://127.0.0.1/",
                "",
                "https:",
            )
            for (url in elsewhere) refuses<TransportException.NotOverTls>(transport, request(server).copy(url = url))
            runBlocking { assertEquals(200, transport.send(request(server)).status) }
        }
    }

    @Test
    fun `cleartext that the system forbids is NotOverTls`() {
        // No client says so on a desktop JVM: Android does, of plain http that the manifest does not permit.
        assertEquals(TransportException.NotOverTls::class, translate(UnknownServiceException("CLEARTEXT"))::class)
    }

    @Test
    fun `an untrusted issuer is sent nothing`() {
        TestServer(selfSigned()) { _, to -> to.say("200 OK") }.use { server ->
            val secured = request(server).copy(url = "https://${server.address}/v1/log-ins", isIdempotent = true)
            refuses<TransportException.NotTrusted>(transport, secured)
            assertEquals(0, server.asked.size)
        }
    }

    @Test
    fun `requests to this machine use no proxy`() = TestServer { _, to -> to.say("502 Proxy") }.use { proxy ->
        val usual = ProxySelector.getDefault()
        ProxySelector.setDefault(ProxySelector.of(InetSocketAddress("127.0.0.1", proxy.port)))
        try {
            TestServer { _, to -> to.say("200 OK") }.use { server ->
                val response = runBlocking { IssuerTransport(takesLoopback = true).send(request(server)) }
                assertEquals(200, response.status)
            }
        } finally {
            ProxySelector.setDefault(usual)
        }
    }

    @Test
    fun `a redirect is an answer, and not followed`() = runBlocking {
        for (status in listOf("301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent")) {
            TestServer { _, to -> to.say(status, header = "Location: /elsewhere") }.use { server ->
                assertEquals(status, "${transport.send(request(server)).status}", status.take(3))
                assertEquals(status, 1, server.asked.size)
            }
        }
    }

    @Test
    fun `the app's own client is used and held to the rules`() {
        var calls = 0
        val own = OkHttpClient.Builder().followRedirects(true).addInterceptor { chain ->
            calls++
            chain.proceed(chain.request())
        }.build()
        TestServer { _, to -> to.say("302 Found", header = "Location: /elsewhere") }.use { server ->
            val transport = IssuerTransport(takesLoopback = true, base = own)
            assertEquals(302, runBlocking { transport.send(request(server)) }.status)
            assertEquals(1 to 1, calls to server.asked.size)
            refuses<TransportException.NotOverTls>(IssuerTransport(false, base = own), request(server))
            assertEquals(1 to 1, calls to server.asked.size)
        }
    }

    @Test
    fun `other requests are sent once`() {
        TestServer { _, to -> to.close() }.use { server ->
            refuses<TransportException.Unreachable>(transport, request(server))
            assertEquals(1, server.asked.size)
        }
        // Two answers that HTTP clients take for a reason to ask again.
        for (status in listOf("503 Busy", "408 Slow")) {
            TestServer { _, to -> to.say(status, header = "Retry-After: 0") }.use { server ->
                runBlocking { assertEquals(status.take(3).toInt(), transport.send(request(server)).status) }
                assertEquals(status, 1, server.asked.size)
            }
        }
        // One that was kept open, and is gone when it is used again.
        TestServer { nth, to ->
            to.sendRaw("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            if (nth == 1) to.getInputStream().read()
        }.use { server ->
            runBlocking { transport.send(request(server)) }
            refuses<TransportException.Unreachable>(transport, request(server))
            assertEquals(1, server.asked.size)
        }
    }

    @Test
    fun `idempotent requests are sent up to three times`() = runTest {
        TestServer { _, to -> to.close() }.use { server ->
            val gone = runCatching { transport.send(request(server).copy(isIdempotent = true)) }
            assertEquals(TransportException.Unreachable::class, gone.exceptionOrNull()!!::class)
            assertEquals(3, server.asked.size)
            assertEquals(2_500, currentTime)
            assertEquals(1, server.asked.toSet().size)
        }
        TestServer { nth, to -> if (nth == 2) to.say("500 Fault") else to.close() }.use { server ->
            assertEquals(500, transport.send(request(server).copy(isIdempotent = true)).status)
            assertEquals(2, server.asked.size)
        }
    }

    @Test
    fun `reading an endless response stops at the limit`() = runBlocking {
        TestServer { _, to ->
            to.sendRaw("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
            repeat(64) { to.sendRaw(" ".repeat(64 * 1024)) }
            to.hungUp()
        }.use { server ->
            assertEquals(256 * 1024 + 1, transport.send(request(server)).body.size)
        }
    }

    @Test
    fun `a slow issuer times out`() {
        val limits = mapOf(
            "silent" to IssuerTransport.Limits(read = 200.milliseconds),
            "dripping" to IssuerTransport.Limits(whole = 400.milliseconds),
        )
        for ((name, limit) in limits) {
            val over = CountDownLatch(1)
            TestServer { _, to ->
                to.sendRaw("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
                repeat(if (name == "silent") 0 else 200) { if (!over.await(50, MILLISECONDS)) to.sendRaw(" ") }
                over.await(20, SECONDS)
            }.use { server ->
                val asked = request(server).copy(isIdempotent = true)
                refuses<TransportException.TimedOut>(IssuerTransport(true, limit), asked)
                over.countDown()
                assertEquals(name, 1, server.asked.size)
            }
        }
    }

    @Test
    fun `cancelling closes the connection`() = runBlocking {
        val (arrived, gone) = CountDownLatch(1) to CountDownLatch(1)
        TestServer { _, to ->
            arrived.countDown()
            if (to.hungUp()) gone.countDown()
        }.use { server ->
            val asking = launch(Dispatchers.IO) { transport.send(request(server)) }
            assertTrue(arrived.await(20, SECONDS))
            asking.cancelAndJoin()
            assertTrue(gone.await(20, SECONDS))
        }
    }

    private fun Socket.hungUp(): Boolean = runCatching { getInputStream().read() }.getOrDefault(-1) < 0

    private fun request(server: TestServer) = IssuerRequest(
        "POST",
        "http://${server.address}/v1/log-ins",
        mapOf("Content-Type" to "application/json", "Authorization" to "Bearer $SECRET"),
        SECRET.toByteArray(),
        isIdempotent = false,
    )

    /** And says nothing of what it was about. */
    private inline fun <reified E : TransportException> refuses(way: IssuerTransport, request: IssuerRequest) {
        val thrown = assertThrows(request.url, E::class.java) { runBlocking { way.send(request) } }
        val said = thrown.stackTraceToString()
        assertFalse(said, SECRET in said || "127.0.0.1" in said || "example.org" in said)
    }

    /** TLS by a certificate that names this machine and that this machine does not know. */
    private fun selfSigned(): ServerSocketFactory {
        val file = File(folder.root, "tls.p12")
        val keytool = File(System.getProperty("java.home"), "bin/keytool").path
        val certified = "-genkeypair -alias a -keyalg EC -dname CN=issuer -ext san=ip:127.0.0.1"
        val words = "$certified -storepass $SECRET -keystore".split(" ")
        val made = ProcessBuilder(listOf(keytool) + words + file.path).redirectErrorStream(true).start()
        assertEquals(made.inputStream.readBytes().decodeToString(), 0, made.waitFor())
        val store = KeyStore.getInstance(file, SECRET.toCharArray())
        val keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm()).apply {
            init(store, SECRET.toCharArray())
        }
        return SSLContext.getInstance("TLS").apply { init(keys.keyManagers, null, null) }.serverSocketFactory
    }

    private companion object {
        const val SECRET = "four-quiet-herons"
    }
}
