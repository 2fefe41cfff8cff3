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
 * Sends the wallet's requests to the issuer.
 *
 * ```kotlin
 * val transport = IssuerTransport(context)
 * val overview = wallet.account.overview().execute { transport.send(it) }
 * ```
 *
 * Uses TLS only, follows no redirects, and no proxy for an issuer on this machine. Idempotent requests are sent up to three
 * times while the issuer cannot be reached; after a time-out, and all others, once. Keep one for the life of the app: it
 * reuses its connections.
 */
public class IssuerTransport internal constructor(
    private val takesLoopback: Boolean,
    limits: Limits = Limits(),
    base: OkHttpClient = OkHttpClient(),
) {
    /**
     * In a debuggable app an issuer on this machine may be reached over `http`, too, if the manifest permits that.
     *
     * @param client the app's own client, whose connections, proxy, resolver, pinned certificates and interceptors are used;
     * what this class promises replaces its settings. An interceptor sees passwords and session tokens: it must log none.
     */
    @JvmOverloads
    public constructor(context: Context, client: OkHttpClient = OkHttpClient()) :
        this(context.applicationInfo.flags and ApplicationInfo.FLAG_DEBUGGABLE != 0, base = client)

    /** The timeouts for a connection, for the next bytes, and for a whole try. */
    internal class Limits(
        val connect: Duration = 10.seconds,
        val read: Duration = 35.seconds, // the issuer itself gives up after half a minute
        val whole: Duration = 40.seconds,
    )

    private val client = base.newBuilder()
        .connectionSpecs(listOf(ConnectionSpec.RESTRICTED_TLS))
        .followRedirects(false)
        .followSslRedirects(false)
        .connectTimeout(limits.connect.toJavaDuration())
        .readTimeout(limits.read.toJavaDuration())
        .writeTimeout(limits.read.toJavaDuration())
        .callTimeout(limits.whole.toJavaDuration())
        .build()

    /** The client for an issuer on this machine. */
    private val loopback by lazy {
        client.newBuilder().connectionSpecs(listOf(ConnectionSpec.CLEARTEXT)).proxy(Proxy.NO_PROXY).build()
    }

    /**
     * Gives the response, whatever it is; the call that made the request reads it. Reads only as much of a long response as
     * shows that it is too long. Suspends without a thread; cancelling closes the connection.
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
        for (pause in if (request.isIdempotent) PAUSES else emptyList()) {
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

                    // The exception stays here: its message may contain the request.
                    override fun onFailure(call: Call, e: IOException) = waiting.resumeWithException(translate(e))
                },
            )
        }

    private fun read(response: Response): IssuerResponse {
        // One byte more than the limit shows that a response is too long.
        val source = response.body!!.source().apply { request(LARGEST + 1) }
        val body = source.buffer.run { readByteArray(minOf(size, LARGEST + 1)) }
        return IssuerResponse(response.code, body, response.header("Retry-After"), response.header("Tegata-Challenge"))
    }

    /** A body that is written once, so that the client does not repeat a request by itself. */
    private class Once(private val bytes: ByteArray) : RequestBody() {
        override fun contentType(): MediaType? = null // among the request's headers

        override fun contentLength(): Long = bytes.size.toLong()

        override fun isOneShot(): Boolean = true

        override fun writeTo(sink: BufferedSink) {
            sink.write(bytes)
        }
    }

    private companion object {
        /** The largest body that the core takes. */
        const val LARGEST = 256L * 1024

        /** Neither the model of the phone nor the version of anything. */
        const val AGENT = "tegata-android"

        val PAUSES = listOf(500.milliseconds, 2.seconds)

        /** Literals: a name could be looked up as anywhere. */
        val LOOPBACK = listOf("127.0.0.1", "::1")
    }
}
