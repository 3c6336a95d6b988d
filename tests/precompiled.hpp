// What nearly every file includes: read by the compiler once, and not for each of them, where the
// Makefile puts it in front. A file includes what it uses nevertheless; the release is compiled
// without.
#include <algorithm>
#include <array>
#include <charconv>
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
