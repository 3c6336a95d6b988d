#include "appcore/api/feature_scanner.hpp"

#include <bit>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <system_error>
#include <utility>

#include "appcore/json/quotient.hpp"

namespace appcore::api {
namespace {

constexpr int max_digits = json::kMaxQuotientDigits;
constexpr std::ptrdiff_t max_number_length = 300;  // longer ones are odd enough for the exact way

// The number that eight digits at `text` make; nothing if these are not eight digits. All at once:
// as bytes of one word, then pairs, then fours.
std::optional<std::uint64_t> eight_digits(std::string_view text) {
    std::uint64_t bytes = 0;
    if (std::endian::native != std::endian::little || text.size() < sizeof bytes)
        return std::nullopt;
    std::memcpy(&bytes, text.data(), sizeof bytes);
    // '0' to '9' are 0x30 to 0x39: the high half of each byte is 3, and stays 3 when 6 is added.
    constexpr std::uint64_t high_halves = 0xF0F0F0F0F0F0F0F0;
    constexpr std::uint64_t sixes = 0x0606060606060606;
    constexpr std::uint64_t threes = 0x3030303030303030;
    if ((bytes & high_halves) != threes || ((bytes + sixes) & high_halves) != threes) {
        return std::nullopt;
    }
    bytes -= threes;
    bytes = bytes * 10 + (bytes >> 8U);  // every second byte is a number below 100
    constexpr std::uint64_t first_and_third = 0x000000FF000000FF;
    constexpr std::uint64_t to_millions_and_hundreds = 100 + (std::uint64_t{1'000'000} << 32U);
    constexpr std::uint64_t to_ten_thousands_and_ones = 1 + (std::uint64_t{10'000} << 32U);
    return ((bytes & first_and_third) * to_millions_and_hundreds +
            ((bytes >> 16U) & first_and_third) * to_ten_thousands_and_ones) >>
           32U;
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
        const char* at = at_;
        std::uint64_t value = mantissa;
        for (; at != end_ && *at >= '0' && *at <= '9'; ++at) {
            value = value * 10 + static_cast<std::uint64_t>(*at - '0');
        }
        return advance(at, value, mantissa);
    }

    // The same, where many digits are likely.
    int many_digits(std::uint64_t& mantissa) {
        const char* const start = at_;
        while (const auto eight = eight_digits(rest())) {
            mantissa = mantissa * 100'000'000 + *eight;
            at_ += 8;
        }
        return static_cast<int>(at_ - start) + digits(mantissa);
    }

    int advance(const char* to, std::uint64_t value, std::uint64_t& mantissa) {
        mantissa = value;
        return static_cast<int>(to - std::exchange(at_, to));
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
        fraction = many_digits(mantissa);
        if (fraction == 0) return false;
    }
    if (at('e') || at('E') || whole + fraction > max_digits) return long_number(start, value);
    if (fraction == 0) {
        value = static_cast<double>(mantissa);
        if (negative && mantissa != 0) value = -value;  // Python's integers know no -0
        return true;
    }
    value = json::nearest_quotient(mantissa, static_cast<unsigned>(fraction));
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
