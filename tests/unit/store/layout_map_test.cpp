#include "appcore/store/layout_map.hpp"

#include <numeric>

#include "store/slot_fixture.hpp"

using namespace slot_fixture;  // NOLINT(google-build-using-namespace)

namespace {

std::string replaced(std::string text, const std::string& what, const std::string& by) {
    const std::size_t at = text.find(what);
    REQUIRE(at != std::string::npos);
    return text.replace(at, what.size(), by);
}

bool is_valid(const std::string& description, std::size_t words = 120) {
    return parse_layout(description, words).ok();
}

}  // namespace

TEST_CASE("this build's layout maps every label to itself") {
    const Result<LayoutMap> map = parse_layout(kSlotDescription.text(), kSlotWords);
    REQUIRE(map.ok());
    const auto is_identity = [](const std::vector<std::size_t>& places, std::size_t size) {
        std::vector<std::size_t> expected(size);
        std::iota(expected.begin(), expected.end(), 0);
        return places == expected;
    };
    CHECK(is_identity(map.value().methods, http::kMethodNames.size()));
    CHECK(is_identity(map.value().endpoints, http::kEndpointCount));
    CHECK(is_identity(map.value().statuses, kStatusLabels));
    CHECK(is_identity(map.value().request_buckets, kSlotBuckets));
    CHECK(is_identity(map.value().prediction_buckets, kSlotBuckets));
    CHECK(is_identity(map.value().outcomes, 2));
    CHECK(map.value().model_count == kModelEntries);
}

TEST_CASE("labels that are unknown here are counted as other") {
    const Result<LayoutMap> map = parse_layout(kOtherLayout, 120);
    REQUIRE(map.ok());
    CHECK(map.value().methods == std::vector<std::size_t>{2, 7});
    CHECK(map.value().endpoints == std::vector<std::size_t>{2, 10, 10});
    CHECK(map.value().statuses == std::vector<std::size_t>{1, 29, 29});
    CHECK(map.value().outcomes == std::vector<std::size_t>{1, 0});
}

TEST_CASE("a bucket of other bounds maps to the smallest that is sure to contain it") {
    const Result<LayoutMap> map = parse_layout(kOtherLayout, 120);
    REQUIRE(map.ok());
    // 3 ms to 3.16 ms, 5 ms to itself, 60 s and more beyond the last bound.
    const std::size_t last = kSlotBounds.size();
    CHECK(map.value().request_buckets ==
          std::vector<std::size_t>{bucket_of(3'160'000), bucket_of(5'000'000), last, last});
}

TEST_CASE("fields are found by name, and absent ones are known to be absent") {
    const Result<LayoutMap> map = parse_layout(kOtherLayout, 120);
    REQUIRE(map.ok());
    CHECK(map.value().worker[0] == 41);  // pid
    CHECK(map.value().worker[2] == 40);  // starts
    CHECK(map.value().worker[3] == LayoutMap::kAbsent);
    CHECK(map.value().events[2] == 44);
}

TEST_CASE("a description whose sections do not fit into the slot is refused") {
    CHECK(is_valid(kOtherLayout));
    CHECK_FALSE(is_valid(kOtherLayout, 113));
    CHECK_FALSE(is_valid(""));
    CHECK_FALSE(is_valid(replaced(kOtherLayout, "worker 40", "worker 39")));
    CHECK_FALSE(is_valid(replaced(kOtherLayout, "worker 40", "worker 113")));
    CHECK_FALSE(is_valid(replaced(kOtherLayout, "keys 42 1", "keys 42 37")));
    CHECK_FALSE(is_valid(replaced(kOtherLayout, "events 44", "events 114")));
    CHECK_FALSE(is_valid(replaced(kOtherLayout, "requests 48 8", "requests 48 7")));
    CHECK_FALSE(is_valid(replaced(kOtherLayout, "requests 48 8", "requests 67 8")));
    CHECK_FALSE(
        is_valid(replaced(kOtherLayout, "requests 48 8", "requests 48 18446744073709551615")));
    CHECK(is_valid(replaced(kOtherLayout, "models 96 9", "waits 48 10\nmodels 96 9")));
    CHECK_FALSE(is_valid(replaced(kOtherLayout, "models 96 9", "waits 48 9\nmodels 96 9")));
    CHECK_FALSE(is_valid(replaced(kOtherLayout, "models 96 9", "waits 85 10\nmodels 96 9")));
    CHECK(is_valid(replaced(kOtherLayout, "models 96 9", "callers 48 11 2xx 4xx\nmodels 96 9")));
    CHECK_FALSE(
        is_valid(replaced(kOtherLayout, "models 96 9", "callers 48 12 2xx 4xx\nmodels 96 9")));
    CHECK_FALSE(is_valid(replaced(kOtherLayout, "models 96 9", "models 96 8")));
    CHECK_FALSE(is_valid(replaced(kOtherLayout, "models 96 9", "models 106 9")));
    CHECK_FALSE(is_valid(replaced(kOtherLayout, "models 96 9", "models x 9")));
    CHECK_FALSE(is_valid(replaced(kOtherLayout, "end 114 0\n", "")));
    CHECK_FALSE(is_valid(replaced(kOtherLayout, "POST BREW", "")));
    CHECK_FALSE(is_valid(replaced(kOtherLayout, "3000000 5000000", "5000000 3000000")));
    CHECK_FALSE(is_valid(replaced(kOtherLayout, "3000000 5000000", "3000000 five")));
}
