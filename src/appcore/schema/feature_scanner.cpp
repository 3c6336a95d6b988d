#include "appcore/schema/feature_scanner.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <system_error>

#include "appcore/json/digits.hpp"
#include "appcore/json/quotient.hpp"

namespace appcore::schema {
namespace {

constexpr std::size_t kMaxDigits = json::kMaxQuotientDigits;
constexpr std::ptrdiff_t kMaxNumberLength = 300;  // longer ones are odd enough for the exact way

// What read_usual_number() may look at, in characters.
constexpr std::ptrdiff_t kUsualLength = 40;
constexpr std::ptrdiff_t kLengthBefore = 16;

using Powers = std::array<std::uint64_t, json::kDigitsAtOnce + 1>;

constexpr Powers make_powers_of_ten() {
    Powers powers{1};
    for (std::size_t i = 1; i < powers.size(); ++i) powers[i] = powers[i - 1] * 10;
    return powers;
}

constexpr Powers kPowersOfTen = make_powers_of_ten();

bool is_space(char c) {
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

inline const char* skip_space(const char* at, const char* end) {
    if (at != end && *at > ' ') return at;  // mostly
    while (at != end && is_space(*at)) ++at;
    return at;
}

// Each of the following returns where it has stopped reading, or nothing if there is not what it
// reads.

// White space, then exactly `token`.
const char* read_token(const char* at, const char* end, std::string_view token) {
    at = skip_space(at, end);
    const std::string_view rest(at, static_cast<std::size_t>(end - at));
    return rest.starts_with(token) ? at + token.size() : nullptr;
}

// The standard library's way, with one rounding for any length. The grammar up to there is checked.
const char* read_long_number(const char* at, const char* end, double& value) {
    const auto [next, error] = std::from_chars(at, end, value);
    return error == std::errc{} && next - at <= kMaxNumberLength ? next : nullptr;
}

// As many digits as there are, appended to `mantissa`, which wraps when they are too many.
const char* read_digits(const char* at, const char* end, std::uint64_t& mantissa) {
    for (; at != end && *at >= '0' && *at <= '9'; ++at) {
        mantissa = mantissa * 10 + static_cast<std::uint64_t>(*at - '0');
    }
    return at;
}

// 1 if it is a minus, otherwise 0. A comparison would do, but compilers put its result into a part
// of a register, which then waits for what is in the rest: for the number before this one.
inline std::uint32_t sign_bit(char c) {
    return ((std::uint32_t{static_cast<unsigned char>(c)} ^ std::uint32_t{'-'}) - 1) >> 31U;
}

// `mantissa` / 10^`fraction`, negative if `sign` is 1. No branch on that: it is anything but
// predictable.
double make_value(std::uint64_t sign, std::uint64_t mantissa, std::size_t fraction) {
    if (mantissa == 0 && fraction == 0) return 0;  // Python's integers know no -0
    const double value = fraction == 0
                             ? static_cast<double>(mantissa)
                             : json::nearest_quotient(mantissa, static_cast<unsigned>(fraction));
    return std::bit_cast<double>(std::bit_cast<std::uint64_t>(value) | sign << 63U);
}

// A number by JSON's grammar. What follows it is the caller's to check.
const char* read_any_number(const char* start, const char* end, double& value) {
    const bool negative = start != end && *start == '-';
    const char* const digits = start + (negative ? 1 : 0);
    std::uint64_t mantissa = 0;
    const char* at = read_digits(digits, end, mantissa);
    auto count = static_cast<std::size_t>(at - digits);
    if (count == 0 || (*digits == '0' && count > 1)) return nullptr;
    std::size_t fraction = 0;
    if (at != end && *at == '.') {
        const char* const point = at++;
        at = read_digits(at, end, mantissa);
        fraction = static_cast<std::size_t>(at - point) - 1;
        if (fraction == 0) return nullptr;
    }
    const bool has_exponent = at != end && (*at == 'e' || *at == 'E');
    if (has_exponent || count + fraction > kMaxDigits) return read_long_number(start, end, value);
    value = make_value(negative ? 1 : 0, mantissa, fraction);
    return at;
}

// The same for up to 16 digits before and behind the point, no exponent and a comma, without a
// branch that depends on how many digits there are; nothing for others. `kUsualLength` characters
// can be read from `at` on and 16 before the first digit's end.
inline const char* read_usual_number(const char* at, double& value) {
    const std::uint32_t sign = sign_bit(*at);
    const std::uint32_t others = json::other_than_digits(at) >> sign;
    at += sign;
    const auto whole = static_cast<std::size_t>(std::countr_zero(others));
    if (whole - 1 >= json::kDigitsAtOnce || (*at == '0' && whole > 1)) return nullptr;
    std::uint64_t mantissa = json::number_before(at + whole, whole);
    std::size_t length = whole;
    std::size_t fraction = 0;
    if (at[whole] == '.') {
        length = static_cast<std::size_t>(std::countr_zero(others & (others - 1)));
        fraction = length - whole - 1;
        if (fraction - 1 >= json::kDigitsAtOnce || length > kMaxDigits + 1) return nullptr;
        mantissa = mantissa * kPowersOfTen[fraction] + json::number_before(at + length, fraction);
    }
    if (at[length] != ',') return nullptr;
    value = make_value(sign, mantissa, fraction);
    return at + length;
}

// The numbers of a list and its end. The body begins at `begin`.
const char* read_list(const char* begin, const char* at, const char* end,
                      std::vector<double>& features) {
    // Where usual numbers can be read.
    const char* const first = begin + std::min(kLengthBefore, end - begin);
    const auto room =
        static_cast<std::size_t>(std::max(end - first - kUsualLength, std::ptrdiff_t{0}));
    for (;;) {
        at = skip_space(at, end);
        double value = 0;
        if (static_cast<std::size_t>(at - first) < room) {
            if (const char* const comma = read_usual_number(at, value)) {
                features.push_back(value);
                at = comma + 1;
                continue;
            }
        }
        at = read_any_number(at, end, value);
        if (at == nullptr) return nullptr;
        features.push_back(value);
        at = skip_space(at, end);
        if (at == end) return nullptr;
        if (*at++ != ',') return at[-1] == ']' ? at : nullptr;
    }
}

}  // namespace

bool scan_features(std::string_view body, std::vector<double>& features) {
    features.clear();
    const char* at = body.data();
    const char* const end = at + body.size();
    for (const std::string_view token : {"{", "\"features\"", ":", "["}) {
        at = read_token(at, end, token);
        if (at == nullptr) return false;
    }
    at = read_list(body.data(), at, end, features);
    if (at != nullptr) at = read_token(at, end, "}");
    return at != nullptr && skip_space(at, end) == end;
}

}  // namespace appcore::schema
