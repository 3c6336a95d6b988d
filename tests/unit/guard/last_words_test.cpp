#include "appcore/guard/last_words.hpp"

#include <unistd.h>

#include <array>
#include <nlohmann/json.hpp>
#include <string>

#include "catch.hpp"

#include "appcore/api/request_id.hpp"
#include "appcore/system/file_descriptor.hpp"

using namespace appcore;  // NOLINT(google-build-using-namespace)
using namespace std::chrono_literals;
using guard::LastWords;
using guard::Phase;
using guard::RequestView;

namespace {

// What is written to standard error meanwhile.
template <typename Action>
std::string standard_error_of(Action action) {
    std::array<int, 2> ends{};
    REQUIRE(::pipe(ends.data()) == 0);
    const system::FileDescriptor reader(ends[0]);
    system::FileDescriptor writer(ends[1]);
    const system::FileDescriptor before(::dup(STDERR_FILENO));
    ::dup2(writer.get(), STDERR_FILENO);
    action();
    ::dup2(before.get(), STDERR_FILENO);
    writer = system::FileDescriptor();
    std::array<char, 65536> buffer{};
    const ssize_t size = ::read(reader.get(), buffer.data(), buffer.size());
    REQUIRE(size > 0);
    return {buffer.data(), static_cast<std::size_t>(size)};
}

std::string id_of(const RequestView& request) {
    std::string id;
    guard::append_reply_id(id, request);
    return id;
}

nlohmann::json say(const RequestView& request) {
    const std::string line = standard_error_of([&] {
        LastWords words("blue-01");
        words.say("hangs", request, system::WallTime{1'700'000'000s}, system::SteadyTime{130s});
    });
    CHECK(line.back() == '\n');
    CHECK(line.find('\n') == line.size() - 1);
    return nlohmann::json::parse(line);
}

RequestView view() {
    return {Phase::handling, 7,      system::SteadyTime{100s}, "POST",
            "/predict?a=b",  "id-1", "1764140000.123-57-3-1"};
}

}  // namespace

TEST_CASE("the last words name request, phase, time and worker") {
    const auto json = say(view());
    CHECK(json["timestamp"] == "2023-11-14T22:13:20.000000Z");
    CHECK(json["level"] == "CRITICAL");
    CHECK(json["message"] == "a request hangs: POST /predict");
    CHECK(json["request_id"] == "id-1");
    CHECK(json["method"] == "POST");
    CHECK(json["path"] == "/predict");
    CHECK(json["phase"] == "handling");
    CHECK(json["duration_ms"] == 30000.0);
    CHECK(json["worker"] == "blue-01");
}

TEST_CASE("of a request that is being read only the time is known") {
    RequestView request;
    request.phase = Phase::reading;
    request.begun = system::SteadyTime{129s};
    const auto json = say(request);
    CHECK(json["message"] == "a request hangs");
    CHECK_FALSE(json.contains("path"));
    CHECK_FALSE(json.contains("request_id"));
    CHECK(json["phase"] == "reading");
}

TEST_CASE("any byte and any length make one valid line") {
    std::string target = "/";
    std::string path = "/";
    for (int i = 0; i < 256; ++i) {
        if (i == '?' || i == '#') continue;  // the path ends there
        target.push_back(static_cast<char>(i));
        path.push_back(i >= ' ' && i <= '~' ? static_cast<char>(i) : '?');
    }
    target.append(100'000, '"');
    path.append(512 - path.size(), '"');
    std::string method(1000, '\\');
    RequestView request = view();
    request.target = target;
    request.method = method;
    request.client_id = "\xff\n";
    const auto json = say(request);
    CHECK(json["path"] == path);
    CHECK(json["request_id"] == id_of(request));
}

TEST_CASE("without an id of the client's the reply has the one that is made of nginx's key") {
    RequestView request = view();
    request.client_id = "";
    CHECK(id_of(request) == api::id_of_failed(request.key).text());
    request.key = "";
    CHECK(id_of(request).empty());
}

TEST_CASE("a reader that hangs costs the last words and no time") {
    const std::string heard = standard_error_of([] {
        LastWords words("blue-01");
        // A pipe holds 64 KiB.
        for (int i = 0; i < 1000; ++i) {
            words.say("hangs", view(), system::WallTime{1'700'000'000s}, system::SteadyTime{130s});
        }
    });
    CHECK_FALSE(heard.empty());
}

TEST_CASE("the last words name the request's trace if it has a valid one") {
    RequestView request = view();
    request.traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    const auto json = say(request);
    CHECK(json["trace_id"] == "4bf92f3577b34da6a3ce929d0e0e4736");
    CHECK(json["span_id"] == "00f067aa0ba902b7");
    CHECK(json["trace_flags"] == "01");
    request.traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1";
    CHECK_FALSE(say(request).contains("trace_id"));
}
