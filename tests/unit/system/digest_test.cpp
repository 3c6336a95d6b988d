#include "appcore/system/digest.hpp"

#include <bit>
#include <set>
#include <string>

#include "catch.hpp"

using appcore::system::Digest;
using appcore::system::digest;

TEST_CASE("consecutive texts have different digests, in each word", "[system]") {
    std::set<std::uint64_t> first;
    std::set<std::uint64_t> second;
    for (int connection = 0; connection < 300; ++connection) {
        for (int request = 0; request < 300; ++request) {
            const Digest words = digest("1764140000.123-57-" + std::to_string(connection) + "-" +
                                        std::to_string(request));
            first.insert(words[0]);
            second.insert(words[1]);
        }
    }
    CHECK(first.size() == 300 * 300);
    CHECK(second.size() == 300 * 300);
}

TEST_CASE("one character more or less changes about half of the bits", "[system]") {
    for (const char* other : {"", "7", "1764140000.124-57-3-1", "1764140000.123-57-3-2"}) {
        const Digest one = digest("1764140000.123-57-3-1");
        const Digest two = digest(other);
        for (std::size_t i = 0; i < one.size(); ++i) {
            const int changed = std::popcount(one[i] ^ two[i]);
            CHECK(changed > 12);
            CHECK(changed < 52);
        }
    }
}
