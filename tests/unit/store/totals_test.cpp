#include "appcore/store/totals.hpp"

#include <algorithm>
#include <memory>
#include <numeric>
#include <string>

#include "appcore/store/journal.hpp"
#include "store/slot_fixture.hpp"

using namespace slot_fixture;  // NOLINT(google-build-using-namespace)

namespace {

Result<Totals> totals_in(const std::vector<Word>& words) {
    Result<SlotImage> image = decode_slot(words);
    REQUIRE(image.ok());
    return read_totals(image.value());
}

constexpr std::size_t kPost = 2;
constexpr std::size_t kPredict = 2;
constexpr auto kOtherMethod = static_cast<std::size_t>(http::Method::other);
constexpr auto kOtherEndpoint = static_cast<std::size_t>(http::Endpoint::other);
constexpr std::size_t kOtherStatus = http::kStatusCodes.size();

}  // namespace

TEST_CASE("the sums of a slot of another layout appear under this build's labels") {
    const Result<Totals> read = totals_in(make_other_slot());
    REQUIRE(read.ok());
    const Totals& totals = read.value();
    const RequestCell& predicted = totals.cell(kPost, kPredict);
    CHECK(predicted.replies[1] == 3);  // 201
    CHECK(predicted.buckets == buckets({{5ms, 2}, {1h, 1}}));
    CHECK(predicted.sum_ns == 20'008'000'000);
    CHECK(totals.cell(kOtherMethod, kOtherEndpoint).replies[kOtherStatus] == 1);
    CHECK(totals.events[2] == 1);
    REQUIRE(totals.models.size() == 1);
    CHECK(totals.models[0].version == "v0.9");
    CHECK(totals.models[0].cell.outcomes == std::array<Word, 2>{1, 1});
    CHECK(totals.models[0].cell.buckets == buckets({{1ms, 2}}));
    CHECK(totals.models[0].cell.sum_ns == 1'500'000);
}

TEST_CASE("the durations of a slot without fine buckets are known to be at most their bounds") {
    const Result<Totals> read = totals_in(make_other_slot());
    REQUIRE(read.ok());
    // 4 ms, counted up to 5 ms: not below, and exact for whoever asks for 5 ms.
    const Totals& totals = read.value();
    const RequestCell& cell = totals.cell(kPost, kPredict);
    CHECK(std::accumulate(cell.buckets.begin(),
                          cell.buckets.begin() + static_cast<int>(bucket_of(5'000'000)),
                          Word{0}) == 0);
    for (std::size_t endpoint = 0; endpoint < http::kEndpointCount; ++endpoint) {
        const WaitCell& waits = totals.waits[endpoint];
        CHECK(waits.wait.buckets == Buckets{});
        CHECK(waits.latency.buckets == Buckets{});
    }
}

TEST_CASE("waiting is read by endpoint, and impossible numbers of it are refused") {
    // Cells of kOtherLayout's three endpoints, in the place of its models, which move behind them.
    std::string layout = kOtherLayout;
    const std::string_view models = "models 96 9\nend 114 0\n";
    layout.replace(layout.find(models), models.size(), "waits 96 10\nmodels 126 9\nend 144 0\n");
    std::vector<Word> words = make_words(layout, 150);
    const std::vector<Word> predicted{2'000'000, 1, 0, 0, 0, 8'000'000, 0, 0, 1, 0};
    std::ranges::copy(predicted, words.begin() + 96);
    const Result<Totals> totals = totals_in(words);
    REQUIRE(totals.ok());
    CHECK(totals.value().waits[kPredict].wait.sum_ns == 2'000'000);
    CHECK(totals.value().waits[kPredict].wait.buckets == buckets({{3ms, 1}}));
    CHECK(totals.value().waits[kPredict].latency.sum_ns == 8'000'000);
    CHECK(totals.value().waits[kPredict].latency.buckets == buckets({{1h, 1}}));
    SECTION("a bucket beyond every count") {
        words[98] = Word{1} << 60U;
    }
    SECTION("a sum beyond every time") {
        words[101] = Word{1} << 63U;
    }
    SECTION("time without requests") {
        words[106] = 1;
    }
    CHECK_FALSE(totals_in(words).ok());
}

TEST_CASE("impossible numbers are refused") {
    std::vector<Word> words = make_other_slot();
    SECTION("replies that do not add up to the buckets") {
        words[48 + 5] = 4;
    }
    SECTION("a bucket beyond every count") {
        words[48 + 1] = Word{1} << 60U;
        words[48 + 7] = Word{1} << 60U;
    }
    SECTION("a sum beyond every time") {
        words[48] = Word{1} << 63U;
    }
    SECTION("time without requests") {
        words[56] = 1;
    }
    SECTION("outcomes that do not add up") {
        words[103] = 0;
    }
    SECTION("a model version that is not text") {
        words[96] = 0x0a;
    }
    SECTION("a model version with a gap") {
        words[97] = 'x';
    }
    SECTION("predictions of no model") {
        words[96] = 0;
    }
    SECTION("predictions of no model, the same in each word") {
        words[96] = 0;
        std::fill_n(words.begin() + 100, 5, 1);
    }
    SECTION("events beyond every count") {
        words[44] = ~Word{0};
    }
    CHECK_FALSE(totals_in(words).ok());
}

TEST_CASE("cells that are one here must be possible together, or nobody could read the sum again") {
    std::vector<Word> words = make_other_slot();
    const std::vector<Word> busy{0, Word{1} << 53U, 0, 0, 0, Word{1} << 53U, 0, 0};
    std::copy(busy.begin(), busy.end(), words.begin() + 56);  // POST /brew
    CHECK(totals_in(words).ok());
    std::copy(busy.begin(), busy.end(), words.begin() + 64);  // POST other
    CHECK_FALSE(totals_in(words).ok());
}

TEST_CASE("sums add up label by label") {
    Totals sum;
    CHECK(sum.empty());
    const Totals one = totals_in(make_other_slot()).value();
    CHECK_FALSE(one.empty());
    sum.add(one);
    sum.add(one);
    CHECK(sum.cell(kPost, kPredict).replies[1] == 6);
    CHECK(sum.cell(kPost, kPredict).sum_ns == 40'016'000'000);
    CHECK(sum.model("v0.9").outcomes == std::array<Word, 2>{2, 2});
    CHECK(sum.events[2] == 2);
}

TEST_CASE("sums that only hold a name are empty") {
    Totals totals;
    totals.model("v1.0");
    CHECK(totals.empty());
    totals.events[0] = 1;
    CHECK_FALSE(totals.empty());
}

TEST_CASE("of more model versions than a slot has entries the last become other") {
    Totals totals;
    constexpr std::size_t kRest = kModelEntries - 1;
    for (Word i = 0; i < kModelEntries + 1; ++i) {
        totals.model("v" + std::to_string(i)).outcomes[0] = i + 1;
    }
    totals.model("other").outcomes[0] = 100;
    const auto slot = std::make_unique<Slot>();
    write_totals(totals, *slot);
    CHECK(unpack_name(slot->models[0].name) == "v0");
    CHECK(slot->models[0].cell.outcomes[0] == 1);
    CHECK(unpack_name(slot->models[kRest - 1].name) == "v" + std::to_string(kRest - 1));
    CHECK(slot->models[kRest - 1].cell.outcomes[0] == kRest);
    CHECK(unpack_name(slot->models[kRest].name) == "other");
    CHECK(slot->models[kRest].cell.outcomes[0] == 100 + kModelEntries + kModelEntries + 1);
}

TEST_CASE("a model version is kept as printable ASCII of at most 31 bytes") {
    CHECK(unpack_name(pack_name("v1.0")) == "v1.0");
    CHECK(unpack_name(pack_name("")).empty());
    CHECK(unpack_name(pack_name("v\xc3\xa9\n")) == "v???");
    CHECK(unpack_name(pack_name(std::string(40, 'x'))) == std::string(31, 'x'));
}

TEST_CASE("sums that are raised are never below the others, and replies add up to buckets") {
    Totals before;
    RequestCell& seen = before.cell(kPost, kPredict);
    seen.replies[1] = 5;
    seen.buckets = buckets({{4ms, 4}, {9s, 1}});
    seen.sum_ns = 9'000;
    before.model("v1").outcomes[0] = 5;
    before.model("v1").buckets[2] = 5;
    before.events[0] = 2;
    before.waits[kPredict].latency = {9'000, buckets({{4ms, 4}, {9s, 1}})};
    before.waits[kPredict].wait = {3'000, buckets({{1s, 1}})};

    // The slow one has been taken back, and another one with another status was fast.
    Totals now;
    RequestCell& cell = now.cell(kPost, kPredict);
    cell.replies[1] = 4;
    cell.replies[2] = 1;
    cell.buckets = buckets({{4ms, 5}});
    cell.sum_ns = 1'000;
    now.waits[kPredict].latency = {1'000, buckets({{4ms, 5}})};
    now.raise_to(before);
    CHECK(cell.replies[1] == 5);
    CHECK(cell.replies[2] == 1);
    CHECK(cell.sum_ns == 9'000);
    CHECK(cell.buckets == buckets({{4ms, 5}, {1h, 1}}));
    CHECK(now.model("v1").outcomes[0] == 5);
    CHECK(now.model("v1").buckets[2] == 5);
    CHECK(now.events[0] == 2);
    CHECK(now.waits[kPredict].wait.sum_ns == 3'000);
    CHECK(now.waits[kPredict].wait.buckets == buckets({{1s, 1}}));
    CHECK(now.waits[kPredict].latency.sum_ns == 9'000);
    CHECK(now.waits[kPredict].latency.buckets == buckets({{4ms, 5}}));

    // The next of its kind takes its place.
    Totals later;
    RequestCell& last = later.cell(kPost, kPredict);
    last.replies[1] = 5;
    last.replies[2] = 1;
    last.buckets = buckets({{4ms, 6}});
    last.sum_ns = 10'000;
    later.raise_to(now);
    CHECK(last.replies[1] == 5);
    CHECK(last.buckets == buckets({{4ms, 6}}));
    CHECK(last.sum_ns == 10'000);
}
