package app.tegata

/** Tells whether a module is dark. Counts from the top left of the symbol; outside of it, all is light. */
public fun Symbol.isDark(x: Int, y: Int): Boolean {
    if (x !in 0 until width || y !in 0 until height) return false
    val stride = (width + 7) / 8
    return rows[y * stride + x / 8].toInt() and (0x80 shr (x % 8)) != 0
}
