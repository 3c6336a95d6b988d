// What a scrape shows, beside a plain count of the same requests in which no cell is left out.
#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "appcore/metrics/collector.hpp"
#include "appcore/metrics/pool_families.hpp"
#include "appcore/metrics/serializer.hpp"
#include "store/slot_fixture.hpp"

using namespace appcore::metrics;  // NOLINT(google-build-using-namespace)
using namespace slot_fixture;      // NOLINT(google-build-using-namespace)

namespace {

const std::vector<std::string> kModels{"v1.0", "v2.0", "other"};
const std::vector<std::string> kCallers{"billing", "reports", "other"};

// Any request, whether or not a client could make it.
class RandomRequests {
  public:
    explicit RandomRequests(std::uint64_t seed) : random_(seed) {}

    std::size_t below(std::size_t limit) { return random_() % limit; }

    RequestRecord next() {
        RequestRecord request{static_cast<http::Method>(below(http::kMethodNames.size())),
                              static_cast<http::Endpoint>(below(http::kEndpointCount)),
                              status(),
                              duration(),
                              std::nullopt,
                              {}};
        if (below(2) == 0) request.wait = duration();
        if (below(2) == 0) request.caller = pack_name(kCallers[below(kCallers.size())]);
        if (below(2) == 0) {
            const std::size_t outcome = below(metric::kOutcomeNames.size());
            request.prediction = {static_cast<metric::Outcome>(outcome), duration()};
        }
        return request;
    }

  private:
    int status() {
        const std::size_t i = below(kStatusLabels);
        return i < http::kStatusCodes.size() ? http::kStatusCodes[i].code : 299;
    }

    // Up to 18 minutes, each number of bits as likely as any other.
    std::chrono::nanoseconds duration() {
        return std::chrono::nanoseconds{random_() >> (24 + below(40))};
    }

    std::mt19937_64 random_;
};

void add(Durations& durations, std::chrono::nanoseconds duration) {
    const auto nanoseconds = static_cast<Word>(duration.count());
    const auto bound = std::ranges::lower_bound(kSlotBounds, nanoseconds);
    ++durations.buckets.at(static_cast<std::size_t>(bound - kSlotBounds.begin()));
    durations.sum_ns += nanoseconds;
}

void add(auto& cell, std::chrono::nanoseconds duration) {
    Durations durations{cell.sum_ns, cell.buckets};
    add(durations, duration);
    cell.sum_ns = durations.sum_ns;
    cell.buckets = durations.buckets;
}

class PlainCount {
  public:
    PlainCount() {
        for (std::size_t endpoint = 0; endpoint < http::kEndpointCount; ++endpoint) {
            totals_.waits[endpoint] = {};
            for (std::size_t method = 0; method < http::kMethodNames.size(); ++method) {
                totals_.cell(method, endpoint) = {};
            }
        }
    }

    void count(const std::string& worker, const std::string& model, const RequestRecord& request) {
        const auto endpoint = static_cast<std::size_t>(request.endpoint);
        RequestCell& cell = totals_.cell(static_cast<std::size_t>(request.method), endpoint);
        add(cell, request.duration);
        ++cell.replies.at(http::status_index(request.status));
        WaitCell& waits = totals_.waits[endpoint];
        if (request.wait) add(waits.wait, *request.wait);
        add(waits.latency, request.duration + request.wait.value_or(0ns));
        const std::string name = unpack_name(request.caller);
        const auto status_class = static_cast<std::size_t>(request.status / 100) - 2;
        if (!name.empty()) ++caller(totals_.callers, name).replies.at(status_class);
        ++requests_[worker];
        if (request.status >= 500) ++errors_[worker];
        if (!request.prediction) return;
        PredictionCell& predictions = totals_.model(model);
        add(predictions, request.prediction->duration);
        ++predictions.outcomes.at(static_cast<std::size_t>(request.prediction->outcome));
    }

    // `seen` with the numbers that were counted here, in its order.
    PoolSnapshot fill(const PoolSnapshot& seen) {
        PoolSnapshot pool = seen;
        Totals ordered = totals_;
        ordered.models.clear();
        ordered.callers.clear();
        for (const ModelTotals& model : seen.totals.models) {
            ordered.model(model.version) = totals_.model(model.version);
        }
        for (const CallerTotals& one : seen.totals.callers) {
            caller(ordered.callers, one.name) = caller(totals_.callers, one.name);
        }
        CHECK(ordered.models.size() == totals_.models.size());
        CHECK(ordered.callers.size() == totals_.callers.size());
        pool.totals = std::move(ordered);
        for (WorkerState& worker : pool.workers) {
            worker.requests = requests_[worker.name];
            worker.errors = errors_[worker.name];
        }
        return pool;
    }

  private:
    Totals totals_;
    std::map<std::string, Word> requests_;
    std::map<std::string, Word> errors_;
};

Word predictions(const Totals& totals) {
    Word sum = 0;
    for (const ModelTotals& model : totals.models) sum += model.cell.outcomes[0];
    return sum;
}

std::string text_of(const PoolSnapshot& pool) {
    return Serializer{ExpositionFormat::text}.Serialize(
        all_families(pool, {"1.2.3", "abc", 4}, kNoon));
}

}  // namespace

TEST_CASE("a scrape is byte for byte what a plain count of any requests gives") {
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        INFO("seed " << seed);
        const TemporaryDirectory directory;
        RandomRequests random(seed);
        PlainCount plain;
        Collector collector(directory.path());
        for (int holder = 0; holder < 12; ++holder) {
            const std::string worker = "worker-0" + std::to_string(random.below(4));
            RecorderOptions options = slot_fixture::options(directory.path(), worker);
            options.model_version = kModels[random.below(kModels.size())];
            Recorder recorder(options);
            REQUIRE_FALSE(recorder.maintain(kNoon));
            for (std::size_t left = random.below(60); left > 0; --left) {
                const RequestRecord request = random.next();
                recorder.record_request(request);
                if (random.below(8) == 0) {
                    recorder.retract_request(request);
                } else {
                    plain.count(worker, options.model_version, request);
                }
            }
            const PoolSnapshot pool = collector.collect();
            REQUIRE(pool.problems.empty());
            REQUIRE(text_of(pool) == text_of(plain.fill(pool)));
        }
    }
}

TEST_CASE("however many model versions a place has had, each count stays in its series") {
    const TemporaryDirectory directory;
    Collector collector(directory.path());
    std::map<std::string, Word> shown;
    for (Word v = 1; v <= store::kModelEntries + 4; ++v) {
        Recorder recorder(with_model(directory.path(), "model-" + std::to_string(v)));
        REQUIRE_FALSE(recorder.maintain(kNoon));
        for (int i = 0; i < 10; ++i) recorder.record_request(prediction());
        const Totals totals = collector.collect().totals;
        CHECK(predictions(totals) == 10 * v);
        CHECK(predictions(Collector(directory.path()).collect().totals) == 10 * v);
        std::map<std::string, Word> now;
        for (const ModelTotals& model : totals.models) now[model.version] = model.cell.outcomes[0];
        // The others stand still while one version predicts.
        const std::string counting =
            v < store::kModelEntries ? "model-" + std::to_string(v) : "other";
        shown["other"];
        shown[counting] += 10;
        CHECK(now == shown);
    }
}

TEST_CASE("a version that one of two places has no entry for adds up with what is other there") {
    const TemporaryDirectory directory;
    fill_models(directory.path(), "v1", "v");
    Collector collector(directory.path());
    for (Word i = 1; i <= 3; ++i) {
        for (const std::string place : {"worker-01", "worker-02"}) {
            RecorderOptions late = with_model(directory.path(), "late");
            late.name = place;
            Recorder recorder(late);
            REQUIRE_FALSE(recorder.maintain(kNoon));
            recorder.record_request(prediction());
        }
        Totals totals = collector.collect().totals;
        CHECK(totals.model("late").outcomes[0] == i);
        CHECK(totals.model("other").outcomes[0] == i);
        CHECK(predictions(totals) == store::kModelEntries - 1 + 2 * i);
    }
}
