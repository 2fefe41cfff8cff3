package app.tegata.android

import android.graphics.Rect
import android.os.Build
import android.view.View
import android.view.WindowInsets

/** Gives how far system bars and cutouts reach into the window, from each of its edges. */
internal fun WindowInsets.obstructions(): Rect =
    if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.R) byType() else byWindow()

@RequiresApiLevel(Build.VERSION_CODES.R)
private fun WindowInsets.byType(): Rect {
    val insets = getInsets(WindowInsets.Type.systemBars() or WindowInsets.Type.displayCutout())
    return Rect(insets.left, insets.top, insets.right, insets.bottom)
}

@Api28("cutouts")
@Suppress("DEPRECATION") // what replaces it came with Android 11
private fun WindowInsets.byWindow(): Rect {
    val cutout = displayCutout
    return Rect(
        maxOf(systemWindowInsetLeft, cutout?.safeInsetLeft ?: 0),
        maxOf(systemWindowInsetTop, cutout?.safeInsetTop ?: 0),
        maxOf(systemWindowInsetRight, cutout?.safeInsetRight ?: 0),
        maxOf(systemWindowInsetBottom, cutout?.safeInsetBottom ?: 0),
    )
}

/** Gives how much of each edge of this view, as it is laid out, what reaches into the window covers. */
internal fun View.covered(by: Rect): Rect {
    val (left, top) = IntArray(2).also(::getLocationInWindow)
    val right = rootView.width - left - width
    val bottom = rootView.height - top - height
    return Rect(
        maxOf(0, by.left - left),
        maxOf(0, by.top - top),
        maxOf(0, by.right - right),
        maxOf(0, by.bottom - bottom),
    )
}
