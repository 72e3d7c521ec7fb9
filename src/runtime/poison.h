// Telling AddressSanitizer that memory is lent out no more: a use after the loan has ended is then reported where it
// happens. Nothing at all in other builds.
#pragma once

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#include <sanitizer/asan_interface.h>
#define WEIR_POISON(begin, bytes) ASAN_POISON_MEMORY_REGION(begin, bytes)
#define WEIR_UNPOISON(begin, bytes) ASAN_UNPOISON_MEMORY_REGION(begin, bytes)
#endif
#endif
#ifndef WEIR_POISON
#define WEIR_POISON(begin, bytes) static_cast<void>(0)
#define WEIR_UNPOISON(begin, bytes) static_cast<void>(0)
#endif
