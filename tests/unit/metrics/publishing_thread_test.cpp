#include "appcore/metrics/publishing_thread.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <functional>
#include <string>
#include <thread>

#include "store/slot_fixture.hpp"

using namespace appcore::metrics;  // NOLINT(google-build-using-namespace)
using namespace slot_fixture;      // NOLINT(google-build-using-namespace)

namespace {

const PoolFacts kFacts{"0.1.0", "abc", 2};

// False if a minute was not enough, on however busy a machine.
bool becomes(const std::function<bool()>& is_true) {
    for (int i = 0; i < 60'000 && !is_true(); ++i) std::this_thread::sleep_for(1ms);
    return is_true();
}

}  // namespace

TEST_CASE("the textfile is published again and again without anybody asking") {
    const TemporaryDirectory directory;
    const std::string path = directory / "appcore.prom";
    const PublishingThread thread(directory.path(), directory.path(), kFacts);
    for (int i = 0; i < 2; ++i) {
        REQUIRE(becomes([&] { return ::access(path.c_str(), F_OK) == 0; }));
        ::unlink(path.c_str());
    }
}

TEST_CASE("the last counts are published at the end") {
    const TemporaryDirectory directory;
    const std::string path = directory / "appcore.prom";
    {
        const PublishingThread thread(directory.path(), directory.path(), kFacts);
        REQUIRE(becomes([&] { return ::access(path.c_str(), F_OK) == 0; }));
        Recorder recorder(options(directory.path()));
        REQUIRE_FALSE(recorder.maintain(kNoon));
        recorder.record_request(prediction());
    }
    CHECK(read_file(path).find("predictions_total{") != std::string::npos);
}

TEST_CASE("why nothing is published can be asked") {
    const TemporaryDirectory directory;
    PublishingThread thread(directory.path(), directory / "none", kFacts);
    std::string problem;
    CHECK(becomes([&] {
        if (problem.empty()) problem = thread.take_problem();
        return !problem.empty();
    }));
    CHECK(thread.take_problem().empty());
}
