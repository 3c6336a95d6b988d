#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>

#include "appcore/monitoring/log.hpp"
#include "faults.hpp"
#include "redirected_output.hpp"
#include "slot_fixture.hpp"

using namespace slot_fixture;  // NOLINT(google-build-using-namespace)

TEST_CASE(
    "whatever call fails, each line of the log is whole or a fragment by itself, and counted") {
    const auto kind = GENERATE(faults::Kind::once, faults::Kind::lasting);
    faults::fail_each_call(kind, [&](const faults::Injection& fault) {
        const TemporaryDirectory directory;
        const auto log = Log::open(directory / "log", spdlog::level::info, "worker-01");
        log->info("before");
        fault.during([&] {
            log->info("one");
            log->info("two");
            log->reopen();
            log->info("three");
        });
        INFO(fault.describe());
        log->info("after");

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
        REQUIRE(whole + log->dropped() >= 5);
        REQUIRE(whole <= 5);
    });
}

TEST_CASE("a log that cannot be opened at the start goes to standard output, which says why") {
    faults::fail_each_call(faults::Kind::once, [&](const faults::Injection& fault) {
        const TemporaryDirectory directory;
        std::unique_ptr<Log> log;
        {
            const RedirectedOutput output(directory / "output");
            log = fault.during(
                [&] { return Log::open(directory / "log", spdlog::level::info, "worker-01"); });
            log->info("a line");
        }
        INFO(fault.describe());
        // Whatever failed, the line is somewhere: a failing fstat() costs a poll() before each.
        const std::string lines = read_file(directory / "log") + read_file(directory / "output");
        REQUIRE(lines.find(R"("a line")") != std::string::npos);
        REQUIRE(log->dropped() == 0);
    });
}
