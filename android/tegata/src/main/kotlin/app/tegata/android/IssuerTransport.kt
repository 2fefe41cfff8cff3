package app.tegata.android

import android.content.Context
import android.content.pm.ApplicationInfo
import app.tegata.IssuerRequest
import app.tegata.IssuerResponse
import java.io.IOException
import java.net.Proxy
import kotlin.coroutines.resume
import kotlin.coroutines.resumeWithException
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlin.time.toJavaDuration
import kotlinx.coroutines.delay
import kotlinx.coroutines.suspendCancellableCoroutine
import okhttp3.Call
import okhttp3.Callback
import okhttp3.ConnectionSpec
import okhttp3.HttpUrl
import okhttp3.HttpUrl.Companion.toHttpUrlOrNull
import okhttp3.MediaType
import okhttp3.OkHttpClient
import okhttp3.Request
import okhttp3.RequestBody
import okhttp3.Response
import okio.BufferedSink

/**
 * Carries the wallet's requests to the issuer.
 *
 * ```kotlin
 * val transport = IssuerTransport(context)
 * val overview = wallet.account.overview().carried { transport.send(it) }
 * ```
 *
 * Over TLS alone, with no redirect followed and no proxy of this machine's own for what stays on it. What the request says
 * may be done twice is sent up to three times; the rest once, whatever happens. Keep one for the life of the app: its
 * connections are used again.
 */
public class IssuerTransport internal constructor(private val takesLoopback: Boolean, limits: Limits = Limits()) {
    /** In an app that can be debugged, an issuer on this machine is taken over `http`, too, if its manifest permits that. */
    public constructor(context: Context) : this(context.applicationInfo.flags and ApplicationInfo.FLAG_DEBUGGABLE != 0)

    /** How long is waited: for a connection, for the next bytes, and for all of a try. */
    internal class Limits(
        val connect: Duration = 10.seconds,
        val read: Duration = 35.seconds, // the issuer itself gives up after half a minute
        val whole: Duration = 40.seconds,
    )

    private val client = OkHttpClient.Builder()
        .connectionSpecs(listOf(ConnectionSpec.RESTRICTED_TLS))
        .followRedirects(false)
        .followSslRedirects(false)
        .connectTimeout(limits.connect.toJavaDuration())
        .readTimeout(limits.read.toJavaDuration())
        .writeTimeout(limits.read.toJavaDuration())
        .callTimeout(limits.whole.toJavaDuration())
        .build()

    /** The same, for this machine alone. */
    private val loopback by lazy {
        client.newBuilder().connectionSpecs(listOf(ConnectionSpec.CLEARTEXT)).proxy(Proxy.NO_PROXY).build()
    }

    /**
     * Gives what came back, whatever it is; the call that made the request knows what it says. Of a long answer only as much
     * is read as shows that it is too long. Waits without a thread; cancelled, it hangs up.
     */
    @Throws(TransportException::class)
    public suspend fun send(request: IssuerRequest): IssuerResponse {
        val url = request.url.toHttpUrlOrNull()
        val way = when {
            url == null -> throw TransportException.NotOverTls()
            url.isHttps -> client
            takesLoopback && url.host in LOOPBACK -> loopback
            else -> throw TransportException.NotOverTls()
        }
        for (pause in if (request.mayRepeat) PAUSES else emptyList()) {
            try {
                return way.once(url, request)
            } catch (_: TransportException.Unreachable) {
                delay(pause)
            }
        }
        return way.once(url, request)
    }

    private suspend fun OkHttpClient.once(url: HttpUrl, request: IssuerRequest): IssuerResponse =
        suspendCancellableCoroutine { waiting ->
            val asked = Request.Builder().url(url).method(request.method, Once(request.body))
            asked.header("User-Agent", AGENT)
            for ((name, value) in request.headers) asked.header(name, value)
            val call = newCall(asked.build())
            waiting.invokeOnCancellation { call.cancel() }
            call.enqueue(
                object : Callback {
                    override fun onResponse(call: Call, response: Response) {
                        try {
                            waiting.resume(response.use(::read))
                        } catch (broken: IOException) {
                            onFailure(call, broken)
                        }
                    }

                    // What was thrown stays here: its words are a stranger's, and may name what was asked.
                    override fun onFailure(call: Call, e: IOException) = waiting.resumeWithException(nameOf(e))
                },
            )
        }

    private fun read(response: Response): IssuerResponse {
        // One byte more than is taken tells an answer that is too long.
        val source = response.body!!.source().apply { request(LARGEST + 1) }
        val body = source.buffer.run { readByteArray(minOf(size, LARGEST + 1)) }
        return IssuerResponse(response.code, body, response.header("Retry-After"))
    }

    /** A body that is written once: the client has reasons of its own to repeat a request, and this takes them away. */
    private class Once(private val bytes: ByteArray) : RequestBody() {
        override fun contentType(): MediaType? = null // among the request's headers

        override fun contentLength(): Long = bytes.size.toLong()

        override fun isOneShot(): Boolean = true

        override fun writeTo(sink: BufferedSink) {
            sink.write(bytes)
        }
    }

    private companion object {
        /** What the core takes at most. */
        const val LARGEST = 256L * 1024

        /** Neither the model of the phone nor the version of anything. */
        const val AGENT = "tegata-android"

        val PAUSES = listOf(500.milliseconds, 2.seconds)

        /** Literals: a name could be looked up as anywhere. */
        val LOOPBACK = listOf("127.0.0.1", "::1")
    }
}
