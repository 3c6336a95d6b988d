#include "appcore/metrics/publisher.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <string>

#include "store/slot_fixture.hpp"

using namespace appcore::metrics;  // NOLINT(google-build-using-namespace)
using namespace slot_fixture;      // NOLINT(google-build-using-namespace)

namespace {

std::string content(const std::string& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
}

const PoolFacts kFacts{"0.1.0", "abc", 2};
const appcore::system::SteadyTime kStart{std::chrono::seconds(100)};

}  // namespace

TEST_CASE("the pool is published, without what node-exporter says of itself") {
    const TemporaryDirectory directory;
    Collector collector(directory.path());
    Publisher publisher(collector, directory.path(), kFacts);
    CHECK_FALSE(publisher.maintain(kStart));
    const std::string text = content(directory.path() + "/appcore.prom");
    CHECK(text.find("\nappcore_workers 2.0\n") != std::string::npos);
    CHECK(text.find("\napp_health_status 0.0\n") != std::string::npos);
    CHECK(text.find("process_") == std::string::npos);
}

TEST_CASE("it is published once an interval") {
    const TemporaryDirectory directory;
    Collector collector(directory.path());
    Publisher publisher(collector, directory.path(), kFacts);
    const std::string path = directory.path() + "/appcore.prom";
    CHECK_FALSE(publisher.maintain(kStart));
    ::unlink(path.c_str());
    CHECK_FALSE(publisher.maintain(kStart + kPublishInterval / 2));
    CHECK(content(path).empty());
    CHECK_FALSE(publisher.maintain(kStart + kPublishInterval));
    CHECK_FALSE(content(path).empty());
}

TEST_CASE("a missing directory is reported once a minute, until it exists") {
    const TemporaryDirectory directory;
    Collector collector(directory.path());
    const std::string missing = directory.path() + "/later";
    Publisher publisher(collector, missing, kFacts);
    CHECK(publisher.maintain(kStart));
    CHECK_FALSE(publisher.maintain(kStart + std::chrono::seconds(30)));
    CHECK(publisher.maintain(kStart + std::chrono::seconds(61)));
    ::mkdir(missing.c_str(), 0700);
    CHECK_FALSE(publisher.maintain(kStart + std::chrono::seconds(62)));
    CHECK_FALSE(content(missing + "/appcore.prom").empty());
    ::unlink((missing + "/appcore.prom").c_str());
    ::rmdir(missing.c_str());
    CHECK(publisher.maintain(kStart + std::chrono::seconds(63)));
}
