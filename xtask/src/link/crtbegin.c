/* What a compiler for Android puts at the beginning of each library. */

extern void __cxa_finalize(void *library);

/* The library's own address, by which the C library knows what it registered. */
__attribute__((visibility("hidden"))) void *__dso_handle = &__dso_handle;

/* When the library is unloaded, what it registered for that runs. */
__attribute__((destructor)) static void finalize(void) { __cxa_finalize(&__dso_handle); }

/* By this section a library that was linked with stubs is known, wherever it is packed. */
__attribute__((used, retain, section(".linked_with_stubs"))) static const char stubs[] = "for checks alone";
