#include "appcore/log/log.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <clocale>
#include <cstdio>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "catch.hpp"
#include "log/redirected_output.hpp"

using appcore::log::Log;
using appcore::log::RequestLine;
using nlohmann::json;

namespace {

// A file that is gone with the test.
class TemporaryFile {
  public:
    TemporaryFile() { ::close(mkstemp(path_.data())); }
    TemporaryFile(const TemporaryFile&) = delete;
    TemporaryFile& operator=(const TemporaryFile&) = delete;
    ~TemporaryFile() { ::unlink(path_.c_str()); }

    [[nodiscard]] const std::string& path() const { return path_; }
    [[nodiscard]] std::string text() const {
        std::ostringstream text;
        text << std::ifstream(path_).rdbuf();
        return text.str();
    }
    // Every line as JSON; throws where one is not.
    [[nodiscard]] std::vector<json> lines() const {
        std::vector<json> all;
        std::istringstream stream(text());
        for (std::string line; std::getline(stream, line);) all.push_back(json::parse(line));
        return all;
    }

  private:
    std::string path_ = "/tmp/appcore-log-test-XXXXXX";
};

std::unique_ptr<Log> open_log(const std::string& path,
                              spdlog::level::level_enum level = spdlog::level::info) {
    auto log = Log::open(path, level, "worker-01");
    REQUIRE(log.ok());
    return std::move(log).value();
}

const appcore::log::RequestTimes kTimes{std::chrono::microseconds(1234), std::nullopt};

void add_request(Log& log, const RequestLine& line) {
    log.begin_request(line);
    log.end_request(kTimes);
}

void write_request(Log& log, const RequestLine& line) {
    add_request(log, line);
    log.publish();
}

// False if a minute was not enough, on however busy a machine.
bool becomes(const std::function<bool()>& is_true) {
    for (int i = 0; i < 60'000 && !is_true(); ++i) ::usleep(1000);
    return is_true();
}

RequestLine line(std::string_view path, int status = 200) {
    return {"id-1", "GET", path, status, "127.0.0.1"};
}

}  // namespace

TEST_CASE("a request is one JSON object with the old fields and the new ones") {
    const TemporaryFile file;
    write_request(*open_log(file.path()), line("/health"));
    REQUIRE(file.lines().size() == 1);
    json object = file.lines()[0];
    const std::string time = object["timestamp"];
    CHECK(time.size() == 27);
    CHECK(time.back() == 'Z');
    object.erase("timestamp");
    CHECK(object == json::parse(R"-({"level":"INFO","logger":"appcore",
        "message":"GET /health → 200 (0.001s)","request_id":"id-1","method":"GET","path":"/health",
        "status_code":200,"duration_ms":1.234,"worker":"worker-01","client":"127.0.0.1"})-"));
}

TEST_CASE("a request whose waiting is known says it") {
    const TemporaryFile file;
    const auto log = open_log(file.path());
    log->begin_request(line("/health"));
    log->end_request({kTimes.duration, std::chrono::microseconds(20'005'678)});
    log->publish();
    log->finish();
    CHECK(file.lines()[0]["wait_ms"] == 20005.678);
    CHECK(file.lines()[0]["duration_ms"] == 1.234);
}

TEST_CASE("a slow request has a warning with the same fields behind its line") {
    const TemporaryFile file;
    const auto log = open_log(file.path());
    log->begin_request(line("/health"));
    log->end_request(kTimes);
    log->slow_request(kTimes);
    log->publish();
    log->finish();
    REQUIRE(file.lines().size() == 2);
    json first = file.lines()[0];
    json second = file.lines()[1];
    CHECK(second["level"] == "WARNING");
    CHECK(second["message"] == "GET /health is slow: 0.001 s");
    for (const char* name : {"timestamp", "level", "message"}) {
        first.erase(name);
        second.erase(name);
    }
    CHECK(first == second);
}

TEST_CASE(
    "a level above all of a request's lines leaves them out, and errors alone pass at ERROR") {
    const TemporaryFile file;
    const auto log = open_log(file.path(), spdlog::level::err);
    write_request(*log, line("/health"));
    log->slow_request(kTimes);
    write_request(*log, line("/predict", 503));
    write_request(*log, line("/health"));
    log->finish();
    REQUIRE(file.lines().size() == 1);
    CHECK(file.lines()[0]["message"] == "GET /predict → 503 (0.001s)");
}

TEST_CASE("the name of the caller's key is in the line if there is one") {
    const TemporaryFile file;
    RequestLine asked = line("/health");
    asked.key = "team";
    const auto log = open_log(file.path());
    write_request(*log, asked);
    write_request(*log, line("/health"));
    log->finish();
    REQUIRE(file.lines().size() == 2);
    CHECK(file.lines()[0]["key"] == "team");
    CHECK_FALSE(file.lines()[1].contains("key"));
}

TEST_CASE("any byte in a path gives one valid line") {
    const TemporaryFile file;
    auto log = open_log(file.path());
    std::string all;
    for (int byte = 0; byte < 256; ++byte) all.push_back(static_cast<char>(byte));
    add_request(*log, line(all));
    add_request(*log, line(std::string(70000, '\x01')));
    add_request(*log, line("/" + std::string(1398, 'a') + "\xc3\xa9"));
    add_request(*log, line(std::string(700, '"')));
    const std::string path(699, '"');
    RequestLine longest = line(path);
    const std::string id(128, '"');
    longest.request_id = id;
    longest.trace = {"4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7", "01"};
    add_request(*log, longest);
    log->publish();
    log.reset();
    const auto lines = file.lines();
    REQUIRE(lines.size() == 5);
    CHECK(lines[0]["path"].get<std::string>().substr(0, 8) == all.substr(0, 8));
    CHECK(lines[0]["message"].get<std::string>().find("\xEF\xBF\xBD") != std::string::npos);
    std::istringstream stream(file.text());
    for (std::string text; std::getline(stream, text);) CHECK(text.size() < 4096);
}

TEST_CASE("a method of any length does not stretch the line") {
    const TemporaryFile file;
    const std::string method(5000, 'M');
    write_request(*open_log(file.path()), {"id", method, "/", 405, ""});
    CHECK(file.lines()[0]["method"] == std::string(32, 'M'));
}

TEST_CASE("errors of the server have the level of errors") {
    const TemporaryFile file;
    auto log = open_log(file.path());
    for (const int status : {201, 404, 499, 500, 502}) write_request(*log, line("/", status));
    log.reset();
    std::vector<std::string> levels;
    for (const json& object : file.lines()) levels.push_back(object["level"]);
    CHECK(levels == std::vector<std::string>{"INFO", "INFO", "INFO", "ERROR", "ERROR"});
}

TEST_CASE("the level decides what is written") {
    const TemporaryFile file;
    auto log = open_log(file.path(), spdlog::level::warn);
    write_request(*log, line("/"));
    log->info("not this");
    log->warning("this \"one\"\n");
    log->error("and this");
    log.reset();
    REQUIRE(file.lines().size() == 2);
    CHECK(file.lines()[0]["message"] == "this \"one\"\n");
    CHECK(file.lines()[0]["level"] == "WARNING");
    CHECK(file.lines()[1]["level"] == "ERROR");
}

TEST_CASE("levels have Python's names") {
    using appcore::log::parse_log_level;
    CHECK(parse_log_level("DEBUG").value() == spdlog::level::debug);
    CHECK(parse_log_level("CRITICAL").value() == spdlog::level::critical);
    CHECK_FALSE(parse_log_level("debug").ok());
    CHECK_FALSE(parse_log_level("").ok());
}

TEST_CASE("a rotated log continues in the new file") {
    const TemporaryFile file;
    const TemporaryFile rotated;
    auto log = open_log(file.path());
    log->info("before");
    REQUIRE(becomes([&] { return file.lines().size() == 1; }));
    std::rename(file.path().c_str(), rotated.path().c_str());
    log->info("still before");
    REQUIRE(becomes([&] { return rotated.lines().size() == 2; }));
    log->reopen();
    REQUIRE(becomes([&] { return ::access(file.path().c_str(), F_OK) == 0; }));
    log->info("after");
    log.reset();
    CHECK(rotated.lines().size() == 2);
    CHECK(file.lines().size() == 1);
}

TEST_CASE("a log that cannot be opened goes to standard output until it is reopened") {
    const TemporaryFile output;
    const TemporaryFile file;
    const std::string directory = file.path() + ".d";
    {
        const RedirectedOutput redirected(output.path());
        const auto log = open_log(directory + "/log");
        log->info("one");
        REQUIRE(becomes([&] {
            log->report_problem();
            return output.lines().size() == 2;
        }));
        ::mkdir(directory.c_str(), 0700);
        log->reopen();
        REQUIRE(becomes([&] { return ::access((directory + "/log").c_str(), F_OK) == 0; }));
        log->info("two");
    }
    REQUIRE(output.lines().size() == 2);
    CHECK(output.lines()[0]["message"] == "one");
    CHECK(output.lines()[1]["level"] == "ERROR");
    CHECK(std::string(output.lines()[1]["message"]).find(directory + "/log") != std::string::npos);
    std::rename((directory + "/log").c_str(), file.path().c_str());
    ::rmdir(directory.c_str());
    REQUIRE(file.lines().size() == 1);
    CHECK(file.lines()[0]["message"] == "two");
}

TEST_CASE("a log that cannot be reopened continues in the old file, with the reason") {
    const TemporaryFile file;
    const std::string directory = file.path() + ".d";
    const std::string path = directory + "/log";
    ::mkdir(directory.c_str(), 0700);
    const auto log = open_log(path);
    REQUIRE(becomes([&] { return ::access(path.c_str(), F_OK) == 0; }));
    std::rename(path.c_str(), file.path().c_str());
    ::rmdir(directory.c_str());
    log->reopen();
    REQUIRE(becomes([&] {
        log->report_problem();
        return file.lines().size() == 1;
    }));
    log->info("after");
    REQUIRE(becomes([&] { return file.lines().size() == 2; }));
    CHECK(file.lines()[0]["level"] == "ERROR");
    CHECK(file.lines()[1]["message"] == "after");
}

TEST_CASE("a full disk costs lines when the ring is full, no earlier") {
    const auto log = open_log("/dev/full");
    log->info("x");
    CHECK(log->dropped() == 0);
    for (int i = 0; i < 20'000; ++i) write_request(*log, line("/"));
    CHECK(log->dropped() > 10'000);
    CHECK(log->dropped() < 20'000);
}

TEST_CASE("lines of a request that is given up are not written") {
    const TemporaryFile file;
    auto log = open_log(file.path());
    add_request(*log, line("/never"));
    log->take_back();
    add_request(*log, line("/health"));
    log->publish();
    log.reset();
    REQUIRE(file.lines().size() == 1);
    CHECK(file.lines()[0]["path"] == "/health");
}

TEST_CASE("lines after a change of rings come after those before it") {
    const TemporaryFile file;
    auto log = open_log(file.path());
    log->info("one");
    auto ring = appcore::log::Ring::make_anonymous();
    REQUIRE(ring.ok());
    log->use(ring.value());
    log->info("two");
    log.reset();
    REQUIRE(file.lines().size() == 2);
    CHECK(file.lines()[0]["message"] == "one");
    CHECK(file.lines()[1]["message"] == "two");
}

TEST_CASE("numbers do not follow the locale") {
    const std::string before = std::setlocale(LC_ALL, nullptr);
    const bool switched = std::setlocale(LC_ALL, "de_DE.UTF-8") != nullptr;
    const TemporaryFile file;
    write_request(*open_log(file.path()), line("/health"));
    std::setlocale(LC_ALL, before.c_str());
    CHECK(file.lines()[0]["duration_ms"] == 1.234);
    if (!switched) WARN("no locale with a decimal comma here: the test proves less");
}
