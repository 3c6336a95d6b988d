#include "appcore/store/exemplar.hpp"

#include <random>

#include "store/slot_fixture.hpp"

using namespace slot_fixture;  // NOLINT(google-build-using-namespace)

namespace {

const TraceId kTrace = trace_id_of("4bf92f3577b34da6a3ce929d0e0e4736");
const TraceId kOtherTrace = trace_id_of("00000000000000000000000000000001");

RequestRecord traced(RequestRecord record, const TraceId& trace = kTrace) {
    record.trace = trace;
    record.time = system::WallTime{1'795'421'208s};
    return record;
}

std::vector<Exemplar> exemplars_in(const std::string& directory) {
    const SlotReading reading = read(directory);
    REQUIRE(reading.state == SlotState::intact);
    return read_exemplars(reading.image);
}

}  // namespace

TEST_CASE("a trace's id is the same text after a slot") {
    for (const char* const text :
         {"4bf92f3577b34da6a3ce929d0e0e4736", "00000000000000000000000000000001",
          "0fffffffffffffff000000000000000a"}) {
        CHECK(trace_id_of(text).text() == text);
        CHECK_FALSE(trace_id_of(text).empty());
    }
    CHECK(trace_id_of("00000000000000000000000000000000").empty());
}

TEST_CASE(
    "a request with a sampled trace is the exemplar of its bucket, with all that was observed") {
    const TemporaryDirectory directory;
    Recorder recorder(options(directory.path()));
    REQUIRE_FALSE(recorder.maintain(kNoon));
    RequestRecord record = traced(prediction());
    record.wait = 3ms;
    recorder.record_request(record);
    const auto all = exemplars_in(directory.path());
    REQUIRE(all.size() == 1);
    const Exemplar& exemplar = all.front();
    CHECK(exemplar.trace == kTrace);
    CHECK(exemplar.time == record.time);
    CHECK(exemplar.method == http::Method::post);
    CHECK(exemplar.endpoint == http::Endpoint::predict);
    CHECK(exemplar.duration == 7ms);
    CHECK(exemplar.wait == 3ms);
    CHECK(exemplar.latency() == 10ms);
    CHECK(exemplar.prediction == 2ms);
    CHECK(exemplar.model_version == "v1.0");
}

TEST_CASE("a prediction that is counted as other is an exemplar of that") {
    const TemporaryDirectory directory;
    fill_models(directory.path(), "v1", "v");
    Recorder recorder(with_model(directory.path(), "late"));
    REQUIRE_FALSE(recorder.maintain(kNoon));
    recorder.record_request(traced(prediction()));
    const auto all = exemplars_in(directory.path());
    REQUIRE(all.size() == 1);
    CHECK(all.front().model_version == "other");
}

TEST_CASE("what is not known of a request is not in its exemplar") {
    const TemporaryDirectory directory;
    Recorder recorder(options(directory.path()));
    REQUIRE_FALSE(recorder.maintain(kNoon));
    recorder.record_request(traced(health_check()));
    const auto all = exemplars_in(directory.path());
    REQUIRE(all.size() == 1);
    CHECK_FALSE(all.front().wait);
    CHECK_FALSE(all.front().prediction);
    CHECK(all.front().model_version.empty());
}

TEST_CASE("a request without a sampled trace leaves the exemplars as they are") {
    const TemporaryDirectory directory;
    Recorder recorder(options(directory.path()));
    REQUIRE_FALSE(recorder.maintain(kNoon));
    recorder.record_request(prediction());
    CHECK(exemplars_in(directory.path()).empty());
    recorder.record_request(traced(prediction()));
    recorder.record_request(prediction());
    REQUIRE(exemplars_in(directory.path()).size() == 1);
    CHECK(exemplars_in(directory.path()).front().trace == kTrace);
}

TEST_CASE("a bucket has one exemplar, the last, and predictions have buckets of their own") {
    const TemporaryDirectory directory;
    Recorder recorder(options(directory.path()));
    REQUIRE_FALSE(recorder.maintain(kNoon));
    recorder.record_request(traced(health_check(7ms)));
    for (int i = 0; i < 3; ++i) recorder.record_request(traced(prediction()));
    recorder.record_request(traced(prediction(), kOtherTrace));
    RequestRecord slow = traced(prediction());
    slow.duration = 10s;
    recorder.record_request(slow);
    const auto all = exemplars_in(directory.path());
    REQUIRE(all.size() == 3);
    CHECK(all[0].trace == kOtherTrace);
    CHECK(all[1].duration == 10s);
    CHECK(all[2].endpoint == http::Endpoint::health);
}

TEST_CASE("a request that is taken back takes its exemplar with it") {
    const TemporaryDirectory directory;
    Recorder recorder(options(directory.path()));
    REQUIRE_FALSE(recorder.maintain(kNoon));
    const RequestRecord first = traced(prediction());
    const RequestRecord second = traced(prediction(), kOtherTrace);
    recorder.record_request(first);
    recorder.record_request(second);
    recorder.retract_request(first);  // whose place another one has
    CHECK(exemplars_in(directory.path()).size() == 1);
    recorder.retract_request(second);
    CHECK(exemplars_in(directory.path()).empty());
}

TEST_CASE("the next holder of a slot keeps its exemplars") {
    const TemporaryDirectory directory;
    {
        Recorder recorder(options(directory.path()));
        REQUIRE_FALSE(recorder.maintain(kNoon));
        recorder.record_request(traced(prediction()));
    }
    Recorder next(options(directory.path(), "worker-01", 200));
    REQUIRE_FALSE(next.maintain(kNoon));
    CHECK(exemplars_in(directory.path()).size() == 1);
}

// A move to another file may give the models other places, which the records refer to.
TEST_CASE("a slot's new file begins without exemplars") {
    const TemporaryDirectory directory;
    Recorder recorder(options(directory.path()));
    recorder.record_request(traced(prediction()));
    REQUIRE_FALSE(recorder.maintain(kNoon));
    CHECK(exemplars_in(directory.path()).empty());
}

TEST_CASE("a slot of a layout without exemplars has none") {
    const auto image = decode_slot(make_other_slot());
    REQUIRE(image.ok());
    CHECK(read_exemplars(image.value()).empty());
}

TEST_CASE("a record of which any words are another's or anything else is left out") {
    const TemporaryDirectory directory;
    Recorder recorder(options(directory.path()));
    REQUIRE_FALSE(recorder.maintain(kNoon));
    recorder.record_request(traced(prediction()));
    const std::vector<Word> first = read(directory.path()).image.words;
    RequestRecord other = traced(prediction(), kOtherTrace);
    other.duration += 1ns;
    other.wait = 1ns;
    other.time += 1us;
    other.prediction->duration += 1ns;
    recorder.record_request(other);
    const std::vector<Word> second = read(directory.path()).image.words;

    const LayoutMap& map = *read(directory.path()).image.layout;
    std::size_t at = map.exemplars;
    while (first[at] == 0) at += kExemplarWords;
    std::mt19937_64 random(4711);
    for (unsigned mix = 0; mix < 1U << kExemplarWords; ++mix) {
        std::vector<Word> words = second;
        bool is_first = true;
        bool is_second = true;
        for (std::size_t i = 0; i < kExemplarWords; ++i) {
            if ((mix >> i & 1U) != 0) words[at + i] = first[at + i];
            is_first = is_first && words[at + i] == first[at + i];
            is_second = is_second && words[at + i] == second[at + i];
        }
        const auto image = decode_slot(words);
        REQUIRE(image.ok());
        CHECK(read_exemplars(image.value()).size() == (is_first || is_second ? 1 : 0));
    }
    for (int i = 0; i < 1000; ++i) {
        std::vector<Word> words = second;
        words[at + random() % kExemplarWords] ^= Word{1} << random() % 64;
        const auto image = decode_slot(words);
        REQUIRE(image.ok());
        CHECK(read_exemplars(image.value()).empty());
    }
}
