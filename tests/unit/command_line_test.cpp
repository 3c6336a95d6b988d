#include "appcore/command_line.hpp"

#include <vector>

#include "catch.hpp"

using namespace appcore;

namespace {

Result<CommandLine> parse(std::vector<const char*> arguments) {
    return parse_command_line(arguments);
}

}  // namespace

TEST_CASE("options are read") {
    CHECK(parse({}).value().command == Command::serve);
    CHECK_FALSE(parse({}).value().slot);
    CHECK(parse({"--slot", "0"}).value().slot == 0U);
    CHECK(parse({"--slot", "12"}).value().slot == 12U);
    CHECK(parse({}).value().pool == "worker");
    CHECK(parse({"--pool", "blue", "--slot", "1"}).value().pool == "blue");
    CHECK(parse({"--pool", "sixteenlettersaz"}).ok());
    CHECK(parse({"--help"}).value().command == Command::help);
    CHECK(parse({"--version"}).value().command == Command::version);
    CHECK(parse({"--slot", "1", "--print-config"}).value().command == Command::print_config);
}

TEST_CASE("an argument that makes no sense is named") {
    CHECK(parse({"--slots", "1"}).error().message == "unknown argument '--slots'");
    CHECK(parse({"x"}).error().message == "unknown argument 'x'");
    for (const char* const slot : {"", "-1", "one", "1x", "99999999999"}) {
        CHECK(parse({"--slot", slot}).error().message ==
              "--slot must be an integer, got '" + std::string(slot) + "'");
    }
    CHECK_FALSE(parse({"--slot"}).ok());
    for (const char* const pool : {"", "Blue", "a-b", "a/b", "blue1", "seventeenletterss"}) {
        CHECK(parse({"--pool", pool}).error().message ==
              "--pool must be 1 to 16 lower-case letters, got '" + std::string(pool) + "'");
    }
    CHECK_FALSE(parse({"--pool"}).ok());
}

TEST_CASE("a worker is named after its pool and its number, of two digits at least") {
    CHECK(worker_name("blue", 1) == "blue-01");
    CHECK(worker_name("blue", 9) == "blue-09");
    CHECK(worker_name("blue", 10) == "blue-10");
    CHECK(worker_name("green", 64) == "green-64");
}
