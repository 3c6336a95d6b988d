#include "appcore/metrics/sample_value.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>

#include "appcore/json/number.hpp"

namespace appcore::metrics {
namespace {

constexpr double kFirstExponent = 1e6;  // Go prints what has seven digits with an exponent

}  // namespace

void append_sample_value(std::string& out, double value) {
    if (std::isnan(value)) {
        out += "NaN";
        return;
    }
    if (std::isinf(value)) {
        out += value > 0 ? "+Inf" : "-Inf";
        return;
    }
    // Most samples are counts.
    if (value >= 0 && value < kFirstExponent && !std::signbit(value) &&
        value == std::floor(value)) {
        std::array<char, 20> digits{};
        const auto count = static_cast<std::uint64_t>(value);
        out.append(digits.data(), std::to_chars(digits.begin(), digits.end(), count).ptr);
        out += ".0";
        return;
    }
    const std::size_t start = out.size();
    json::append_float(out, value);
    const std::size_t point = out.find('.', start);
    constexpr std::size_t kPlainDigits = 6;
    if (value < 0 || point == std::string::npos || point - start <= kPlainDigits) return;

    const std::size_t exponent = point - start - 1;
    out.erase(point, 1);
    out.insert(start + 1, 1, '.');
    out.erase(out.find_last_not_of('0') + 1);
    if (out.back() == '.') out.pop_back();
    out += exponent < 10 ? "e+0" : "e+";
    out += std::to_string(exponent);
}

}  // namespace appcore::metrics
