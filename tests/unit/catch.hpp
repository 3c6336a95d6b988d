// Catch2 under either of its names: version 2 (Debian 12) or version 3 (Debian 13).
#pragma once

#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
using Catch::Approx;  // NOLINT(google-global-names-in-headers)
#else
#include <catch2/catch.hpp>
#endif
