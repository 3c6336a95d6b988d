#include <nlohmann/json.hpp>
#include <sstream>

#include "appcore/monitoring/log.hpp"
#include "faults.hpp"
#include "slot_fixture.hpp"

using namespace slot_fixture;  // NOLINT(google-build-using-namespace)

TEST_CASE(
    "whatever call fails, each line of the log is whole or a fragment by itself, and counted") {
    const auto kind = GENERATE(faults::Kind::once, faults::Kind::lasting);
    faults::fail_each_call(kind, [&](const faults::Injection& fault) {
        const TemporaryDirectory directory;
        const auto log = Log::open(directory / "log", spdlog::level::info, "worker-01");
        REQUIRE(log.ok());
        log.value()->info("before");
        fault.during([&] {
            log.value()->info("one");
            log.value()->info("two");
            log.value()->reopen();
            log.value()->info("three");
        });
        INFO(fault.describe());
        log.value()->info("after");

        std::istringstream lines(read_file(directory / "log"));
        std::uint64_t whole = 0;
        std::string last;
        for (std::string line; std::getline(lines, line);) {
            const auto object = nlohmann::json::parse(line, nullptr, false);
            if (object.is_discarded()) continue;  // what was written of a line that was dropped
            REQUIRE(line.starts_with(R"({"timestamp":)"));
            last = object.at("message");
            // A failed reopening says so in a line of its own.
            if (last.find("cannot open") == std::string::npos) ++whole;
        }
        REQUIRE(last == "after");
        REQUIRE(whole + log.value()->dropped() >= 5);
        REQUIRE(whole <= 5);
    });
}

TEST_CASE("a log that cannot be opened at the start is an error that names it") {
    faults::fail_each_call(faults::Kind::once, [&](const faults::Injection& fault) {
        const TemporaryDirectory directory;
        const auto log = fault.during(
            [&] { return Log::open(directory / "log", spdlog::level::info, "worker-01"); });
        INFO(fault.describe());
        if (!log) REQUIRE(log.error().message.find(directory / "log") != std::string::npos);
        // A failing fstat() costs nothing but a poll() before each line.
        if (log) log.value()->info("a line");
        if (log) REQUIRE(log.value()->dropped() == 0);
    });
}
