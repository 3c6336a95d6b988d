#include "appcore/monitoring/request_key.hpp"

#include <set>
#include <string>

#include "catch.hpp"

using appcore::monitoring::make_request_key;

TEST_CASE("a request's name makes a key, the same one each time") {
    const auto key = make_request_key("0123456789ab.4711.12.1");
    CHECK_FALSE(key.empty());
    CHECK(key == make_request_key(std::string("0123456789ab") + ".4711.12.1"));
}

TEST_CASE("without a name there is no key") {
    CHECK(make_request_key("").empty());
}

TEST_CASE("names that differ in a digit have keys of which both halves differ") {
    std::set<std::uint64_t> halves;
    for (int connection = 0; connection < 100; ++connection) {
        for (int request = 0; request < 100; ++request) {
            const auto key = make_request_key("0123456789ab.4711." + std::to_string(connection) +
                                              "." + std::to_string(request));
            halves.insert(key.words.begin(), key.words.end());
        }
    }
    CHECK(halves.size() == 20000);
}
