#include "appcore/json/digits.hpp"

#include <random>
#include <string>
#include <string_view>

#include "catch.hpp"

using namespace appcore;  // NOLINT(google-build-using-namespace)

TEST_CASE("characters that are not digits are found as if looked at one by one") {
    for (int c = 0; c < 256; ++c) {
        for (std::size_t at = 0; at < json::kMaskedCharacters; ++at) {
            std::string text(json::kMaskedCharacters, '5');
            text[at] = static_cast<char>(c);
            const bool is_digit = c >= '0' && c <= '9';
            REQUIRE(json::other_than_digits(text.data()) ==
                    (is_digit ? 0U : std::uint32_t{1} << at));
            REQUIRE(json::plain::other_than_digits(text.data()) ==
                    json::other_than_digits(text.data()));
        }
    }
    const std::string_view number = "-12.345,67e+89: 0123456789/:abcdefg";
    CHECK(json::other_than_digits(number.data()) == json::plain::other_than_digits(number.data()));
}

TEST_CASE("up to 16 digits make the same number at once as one by one") {
    std::mt19937_64 random(1);
    for (std::size_t count = 0; count <= json::kDigitsAtOnce; ++count) {
        for (int i = 0; i < 2000; ++i) {
            std::string text;
            while (text.size() < 2 * json::kDigitsAtOnce) {
                text.push_back(
                    static_cast<char>(random() % 256));  // what stands before does not count
            }
            for (std::size_t digit = 0; digit < count; ++digit) {
                text.push_back(static_cast<char>('0' + random() % 10));
            }
            const char* const end = text.data() + text.size();
            const std::uint64_t expected =
                count == 0 ? 0 : std::stoull(text.substr(text.size() - count));
            REQUIRE(json::number_before(end, count) == expected);
            REQUIRE(json::plain::number_before(end, count) == expected);
        }
    }
}
