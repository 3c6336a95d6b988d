// What nearly every unit test includes: read by the compiler once, and not for each of them. The
// Makefile puts it in front of each; a test includes what it uses nevertheless.
#include <algorithm>
#include <array>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "catch.hpp"
