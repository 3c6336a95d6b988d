#include "appcore/config.hpp"

#include <map>
#include <string>

#include "catch.hpp"

using namespace appcore;

namespace {

Environment environment(std::map<std::string, std::string, std::less<>> values) {
    return [values = std::move(values)](std::string_view name) -> std::optional<std::string> {
        const auto found = values.find(name);
        return found == values.end() ? std::nullopt : std::optional(found->second);
    };
}

}  // namespace

TEST_CASE("without an environment every value has its default") {
    const auto config = read_config(environment({}));
    REQUIRE(config.ok());
    CHECK(config.value().log_level == spdlog::level::info);
    CHECK(config.value().workers == 1);
    CHECK(config.value().max_body == 32U * 1024 * 1024);
    CHECK(config.value().request_timeout == std::chrono::seconds(30));
    CHECK(config.value().log_file.empty());
    CHECK(config.value().slow_request == std::chrono::seconds(1));
    CHECK(config.value().max_requests == 0);
    CHECK(config.value().sandbox);
}

TEST_CASE("an empty value means the default") {
    const auto config = read_config(environment({{"APPCORE_WORKERS", ""}}));
    REQUIRE(config.ok());
    CHECK(config.value().workers == 1);
}

TEST_CASE("values are read") {
    const auto config = read_config(environment({{"LOG_LEVEL", "WARNING"},
                                                 {"APPCORE_WORKERS", "64"},
                                                 {"APPCORE_MAX_BODY", "1"},
                                                 {"APPCORE_PUSHGATEWAY", "10.0.0.1:9091"},
                                                 {"APPCORE_LOG_FILE", "/tmp/x y"},
                                                 {"APPCORE_SLOW_REQUEST", "1.001"},
                                                 {"APPCORE_MAX_REQUESTS", "100000"},
                                                 {"APPCORE_SANDBOX", "off"},
                                                 {"APPCORE_REQUEST_TIMEOUT", "3600"}}));
    REQUIRE(config.ok());
    CHECK(config.value().log_level == spdlog::level::warn);
    CHECK(config.value().workers == 64);
    CHECK(config.value().max_body == 1);
    REQUIRE(config.value().pushgateway);
    CHECK(config.value().pushgateway->host == "10.0.0.1");
    CHECK(config.value().pushgateway->port == "9091");
    CHECK(config.value().log_file == "/tmp/x y");
    CHECK(config.value().request_timeout == std::chrono::hours(1));
    CHECK(config.value().slow_request == std::chrono::milliseconds(1001));
    CHECK(config.value().max_requests == 100'000);
    CHECK_FALSE(config.value().sandbox);
}

TEST_CASE("a value that makes no sense is named in one line") {
    using Case = std::pair<std::string, std::string>;
    const Case wrong = GENERATE(
        Case{"APPCORE_WORKERS", "0"}, Case{"APPCORE_WORKERS", "65"}, Case{"APPCORE_WORKERS", "-1"},
        Case{"APPCORE_WORKERS", "two"}, Case{"APPCORE_WORKERS", "1 "},
        Case{"APPCORE_MAX_BODY", "0"}, Case{"APPCORE_MAX_BODY", "32M"},
        Case{"APPCORE_MAX_BODY", "99999999999999999999"}, Case{"APPCORE_REQUEST_TIMEOUT", "0"},
        Case{"APPCORE_PUSHGATEWAY", "gateway"}, Case{"APPCORE_PUSHGATEWAY", ":9091"},
        Case{"APPCORE_PUSHGATEWAY", "gateway:0"}, Case{"APPCORE_PUSHGATEWAY", "gateway:port"},
        Case{"APPCORE_STATE_DIR", "relative/path"}, Case{"APPCORE_TEXTFILE_DIR", "relative/path"},
        Case{"LOG_LEVEL", "verbose"}, Case{"LOG_LEVEL", "info"}, Case{"APPCORE_SLOW_REQUEST", "-1"},
        Case{"APPCORE_SLOW_REQUEST", "1s"}, Case{"APPCORE_SLOW_REQUEST", "nan"},
        Case{"APPCORE_SLOW_REQUEST", "1e400"}, Case{"APPCORE_SLOW_REQUEST", "0.0004"},
        Case{"APPCORE_SLOW_REQUEST", "3601"}, Case{"APPCORE_MAX_REQUESTS", "-1"},
        Case{"APPCORE_SANDBOX", "maybe"}, Case{"APPCORE_PEERS", "host"},
        Case{"APPCORE_PEERS", "a:1 b:0"}, Case{"APPCORE_PEERS", "a:1,b:2"},
        Case{"APPCORE_PEERS", "a;:1"}, Case{"APPCORE_PEERS", "a:65536"}, Case{"APPCORE_QUEUE", "0"},
        Case{"APPCORE_QUEUE", "65536"}, Case{"APPCORE_PEER_LISTEN", "[::1]:9000"},
        Case{"APPCORE_PEER_LISTEN", "a:1 b:2"});
    const auto config = read_config(environment({{wrong.first, wrong.second}}));
    REQUIRE_FALSE(config.ok());
    const std::string& message = config.error().message;
    CHECK(message.starts_with(wrong.first + " must be "));
    CHECK(message.ends_with(", got '" + wrong.second + "'"));
    CHECK(message.find('\n') == std::string::npos);
    CHECK_FALSE(print_config(environment({{wrong.first, wrong.second}})).ok());
}

TEST_CASE("the effective values are printed for a shell, quoted") {
    const auto lines = print_config(environment({{"APP_NAME", "it's; $HOME"}}));
    REQUIRE(lines.ok());
    CHECK(lines.value().find("APP_NAME='it'\\''s; $HOME'\n") == 0);
    CHECK(lines.value().find("\nAPPCORE_MAX_BODY='33554432'\n") != std::string::npos);
}

TEST_CASE("the description names every variable with its unit or choice") {
    const std::string text = describe_config();
    for (const std::string_view word : {"APPCORE_MAX_BODY", "bytes", "seconds", "default INFO"}) {
        CHECK(text.find(word) != std::string::npos);
    }
}
