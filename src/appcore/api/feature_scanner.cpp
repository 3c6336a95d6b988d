#include "appcore/api/feature_scanner.hpp"

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <system_error>

namespace appcore::api {
namespace {

// A short fraction: both numbers are doubles without rounding, so the division rounds only once.
constexpr std::array<double, 8> powers_of_ten = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7};
constexpr std::uint64_t max_exact_integer = std::uint64_t{1} << 53;       // doubles hold all below
constexpr int max_digits = std::numeric_limits<std::uint64_t>::digits10;  // never overflow
constexpr std::ptrdiff_t max_number_length = 300;  // longer ones are odd enough for the exact way

// Whether the first eight characters of `text` are digits: '0' to '9' are 0x30 to 0x39, so the high
// half of each byte is 3, and stays 3 when 6 is added.
bool starts_with_eight_digits(std::string_view text) {
    std::uint64_t bytes = 0;
    if (text.size() < sizeof bytes) return false;
    std::memcpy(&bytes, text.data(), sizeof bytes);
    constexpr std::uint64_t high_halves = 0xF0F0F0F0F0F0F0F0;
    constexpr std::uint64_t sixes = 0x0606060606060606;
    constexpr std::uint64_t threes = 0x3030303030303030;
    return (bytes & high_halves) == threes && ((bytes + sixes) & high_halves) == threes;
}

class Scanner {
  public:
    explicit Scanner(std::string_view text) : at_(text.data()), end_(at_ + text.size()) {}

    // White space, then exactly `token`.
    bool accept(std::string_view token) {
        skip_space();
        if (!rest().starts_with(token)) return false;
        at_ += token.size();
        return true;
    }

    bool at_end() {
        skip_space();
        return at_ == end_;
    }

    // White space, then a number by JSON's grammar. What follows it is the caller's to check.
    bool number(double& value);

  private:
    [[nodiscard]] std::string_view rest() const {
        return {at_, static_cast<std::size_t>(end_ - at_)};
    }

    [[nodiscard]] bool at(char c) const { return at_ != end_ && *at_ == c; }

    void skip_space() {
        while (at_ != end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t')) ++at_;
    }

    // Appends the digits here to `mantissa`, which wraps when they are too many; returns how many.
    int digits(std::uint64_t& mantissa) {
        const char* const start = at_;
        for (; at_ != end_ && *at_ >= '0' && *at_ <= '9'; ++at_) {
            mantissa = mantissa * 10 + static_cast<std::uint64_t>(*at_ - '0');
        }
        return static_cast<int>(at_ - start);
    }

    bool long_number(const char* start, double& value);

    const char* at_;
    const char* end_;
};

// The standard library's way, with one rounding for any length. The grammar up to here is checked.
bool Scanner::long_number(const char* start, double& value) {
    const auto [next, error] = std::from_chars(start, end_, value);
    at_ = next;
    return error == std::errc{} && next - start <= max_number_length;
}

bool Scanner::number(double& value) {
    skip_space();
    const char* const start = at_;
    const bool negative = at('-');
    if (negative) ++at_;
    const bool zero = at('0');
    std::uint64_t mantissa = 0;
    const int whole = digits(mantissa);
    if (whole == 0 || (zero && whole > 1)) return false;
    int fraction = 0;
    if (at('.')) {
        ++at_;
        if (starts_with_eight_digits(rest())) return long_number(start, value);
        fraction = digits(mantissa);
        if (fraction == 0) return false;
    }
    if (at('e') || at('E') || whole + fraction > max_digits) return long_number(start, value);
    if (fraction == 0) {
        value = static_cast<double>(mantissa);
        if (negative && mantissa != 0) value = -value;  // Python's integers know no -0
        return true;
    }
    if (mantissa > max_exact_integer) return long_number(start, value);
    value = static_cast<double>(mantissa) / powers_of_ten[static_cast<std::size_t>(fraction)];
    if (negative) value = -value;
    return true;
}

}  // namespace

bool scan_features(std::string_view body, std::vector<double>& features) {
    features.clear();
    Scanner in(body);
    if (!in.accept("{") || !in.accept("\"features\"") || !in.accept(":") || !in.accept("[")) {
        return false;
    }
    do {
        double value = 0;
        if (!in.number(value)) return false;
        features.push_back(value);
    } while (in.accept(","));
    return in.accept("]") && in.accept("}") && in.at_end();
}

}  // namespace appcore::api
