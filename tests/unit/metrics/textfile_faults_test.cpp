#include "appcore/metrics/textfile.hpp"
#include "faults.hpp"
#include "store/slot_fixture.hpp"

using namespace appcore::metrics;  // NOLINT(google-build-using-namespace)
using namespace slot_fixture;      // NOLINT(google-build-using-namespace)

TEST_CASE("whatever call fails, the textfile is the old one or the new one, and whole") {
    const auto kind = GENERATE(faults::Kind::once, faults::Kind::lasting);
    const bool is_restarted = GENERATE(false, true);
    faults::fail_each_call(kind, [&](const faults::Injection& fault) {
        const TemporaryDirectory directory;
        const std::string path = directory / "appcore.prom";
        auto file = std::make_unique<Textfile>(directory.path());
        REQUIRE(file->publish("old 1.0\n").ok());
        if (is_restarted) {
            write_file(directory / ".appcore.prom.Ab12Cd", "half");
            file = std::make_unique<Textfile>(directory.path());
        }
        const Status status = fault.during([&] { return file->publish("new 2.0\n"); });
        INFO(fault.describe());
        REQUIRE(read_file(path) == (status ? "new 2.0\n" : "old 1.0\n"));
        if (!status) REQUIRE(status.error().message.find(directory.path()) != std::string::npos);
        REQUIRE(file->publish("new 3.0\n").ok());
        REQUIRE(read_file(path) == "new 3.0\n");
    });
}

TEST_CASE("a text whose time cannot be renewed is written again, or the failure is reported") {
    const auto kind = GENERATE(faults::Kind::once, faults::Kind::lasting);
    faults::fail_each_call(kind, [&](const faults::Injection& fault) {
        const TemporaryDirectory directory;
        Textfile file(directory.path());
        REQUIRE(file.publish("same 1.0\n").ok());
        static_cast<void>(fault.during([&] { return file.publish("same 1.0\n"); }));
        INFO(fault.describe());
        REQUIRE(read_file(directory / "appcore.prom") == "same 1.0\n");
        REQUIRE(file.publish("same 1.0\n").ok());
    });
}
