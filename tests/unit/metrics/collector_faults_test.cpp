#include "appcore/metrics/collector.hpp"
#include "faults.hpp"
#include "store/slot_fixture.hpp"

using namespace appcore::metrics;  // NOLINT(google-build-using-namespace)
using namespace slot_fixture;      // NOLINT(google-build-using-namespace)

TEST_CASE(
    "whatever call fails during a collection, no count goes back and none is missing unsaid") {
    const auto kind = GENERATE(faults::Kind::once, faults::Kind::lasting);
    const bool is_first = GENERATE(false, true);
    faults::fail_each_call(kind, [&](const faults::Injection& fault) {
        const TemporaryDirectory directory;
        Recorder one(options(directory.path(), "blue-01"));
        Recorder other(options(directory.path(), "blue-02"));
        for (Recorder* const recorder : {&one, &other}) {
            REQUIRE_FALSE(recorder->maintain(kNoon));
            recorder->record_request(health_check());
        }
        Collector collector(directory.path());
        if (!is_first) REQUIRE(health_checks(collector.collect().totals) == 2);
        const PoolSnapshot pool = fault.during([&] { return collector.collect(); });
        INFO(fault.describe());
        if (is_first) {
            REQUIRE((health_checks(pool.totals) == 2 || !pool.problems.empty()));
        } else {
            REQUIRE(health_checks(pool.totals) == 2);
        }
        const PoolSnapshot after = collector.collect();
        REQUIRE(health_checks(after.totals) == 2);
        REQUIRE(after.problems.empty());
    });
}
