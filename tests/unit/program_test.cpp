#include "appcore/program.hpp"

#include <stdio_ext.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "catch.hpp"
#include "log/redirected_output.hpp"

using namespace appcore;

namespace {

const Program kProgram = {"appcore-test", "Usage: appcore-test\n",
                          [](const Config&, const CommandLine&) { return Error{"not served"}; }};

struct Ended {
    int code;
    std::string said;  // on standard error
};

Ended ended(std::span<const char* const> arguments) {
    const std::string path = std::filesystem::temp_directory_path() / "appcore-program-test";
    std::filesystem::remove(path);
    int code = 0;
    {
        const RedirectedOutput errors(path, stderr);
        code = run(kProgram, arguments);
    }
    std::ifstream file(path);
    return {code, {std::istreambuf_iterator<char>(file), {}}};
}

// A variable of this process, until its end.
class Variable {
  public:
    Variable(const char* name, const char* value) : name_(name) { ::setenv(name, value, 1); }
    ~Variable() { ::unsetenv(name_); }
    Variable(const Variable&) = delete;
    Variable& operator=(const Variable&) = delete;

  private:
    const char* name_;
};

}  // namespace

TEST_CASE("a command whose output cannot be written has failed") {
    for (const char* const command : {"--help", "--version", "--print-config"}) {
        const std::array arguments = {command};
        Ended end{};
        {
            const RedirectedOutput full("/dev/full");
            end = ended(arguments);
            ::__fpurge(stdout);  // or it would be written later, to where the tests write
            std::clearerr(stdout);
        }
        CAPTURE(command);
        CHECK(end.code == 1);
        CHECK(end.said == "appcore-test: standard output: No space left on device\n");
    }
}

TEST_CASE(
    "a wrong argument or variable is said in one line, whatever it holds, and the code is 2") {
    const std::array argument = {"--sl\not"};
    CHECK(ended(argument).code == 2);
    CHECK(ended(argument).said == "appcore-test: unknown argument '--sl?ot' (see --help)\n");
    const Variable variable("APPCORE_WORKERS", "2\n\x1B[2J");
    const std::array print_config = {"--print-config"};
    for (const std::span<const char* const> arguments :
         {std::span<const char* const>(), std::span<const char* const>(print_config)}) {
        const Ended end = ended(arguments);
        CHECK(end.code == 2);
        CHECK(end.said ==
              "appcore-test: APPCORE_WORKERS must be an integer from 1 to 64, got '2??[2J'\n");
    }
}

TEST_CASE("a service that cannot serve ends with 1 and its reason") {
    const Ended end = ended({});
    CHECK(end.code == 1);
    CHECK(end.said == "appcore-test: not served\n");
}
