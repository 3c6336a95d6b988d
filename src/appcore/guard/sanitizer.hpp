// Whether this build has a sanitizer, which needs crashes and system calls for itself.
#pragma once

namespace appcore::guard {

#if defined(__has_feature)
#define APPCORE_HAS_FEATURE(name) __has_feature(name)
#else
#define APPCORE_HAS_FEATURE(name) 0
#endif

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || \
    APPCORE_HAS_FEATURE(address_sanitizer) || APPCORE_HAS_FEATURE(thread_sanitizer)
#define APPCORE_HAS_SANITIZER 1
#else
#define APPCORE_HAS_SANITIZER 0
#endif

inline constexpr bool kHasSanitizer = APPCORE_HAS_SANITIZER != 0;

}  // namespace appcore::guard
