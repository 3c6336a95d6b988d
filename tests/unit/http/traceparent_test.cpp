#include "appcore/http/traceparent.hpp"

#include <array>
#include <random>
#include <string>
#include <vector>

#include "catch.hpp"

using namespace appcore::http;  // NOLINT(google-build-using-namespace)

namespace {

// The example of the recommendation, section 3.2.4.
const std::string kExample = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

bool is_valid(const std::string& value) {
    return parse_traceparent(value).has_value();
}

// The rules once more, position by position, as the recommendation's section 3.2.2 lists them.
bool is_valid_by_the_grammar(const std::string& value) {
    if (value.size() < 55 || (value.size() > 55 && value[55] != '-')) return false;
    bool trace_id = false;
    bool parent_id = false;
    for (std::size_t i = 0; i < 55; ++i) {
        const bool is_dash = i == 2 || i == 35 || i == 52;
        const std::string allowed = is_dash ? "-" : "0123456789abcdef";
        if (allowed.find(value[i]) == std::string::npos) return false;
        if (i > 2 && i < 35) trace_id = trace_id || value[i] != '0';
        if (i > 35 && i < 52) parent_id = parent_id || value[i] != '0';
    }
    const std::string version = value.substr(0, 2);
    return trace_id && parent_id && version != "ff" && (version != "00" || value.size() == 55) &&
           value.find(',') == std::string::npos;
}

}  // namespace

TEST_CASE("a valid traceparent has a trace, a span and flags") {
    const auto trace = parse_traceparent(kExample);
    REQUIRE(trace);
    CHECK(trace->trace_id == "4bf92f3577b34da6a3ce929d0e0e4736");
    CHECK(trace->parent_id == "00f067aa0ba902b7");
    CHECK(trace->flags == "01");
    CHECK(trace->is_sampled());
}

TEST_CASE("only the lowest bit of a traceparent's flags means sampled") {
    const std::string digits = "0123456789abcdef";
    for (std::size_t i = 0; i < 256; ++i) {
        const std::string flags = {digits[i / 16], digits[i % 16]};
        CAPTURE(flags);
        const std::string value = kExample.substr(0, 53) + flags;
        const auto trace = parse_traceparent(value);
        REQUIRE(trace);
        CHECK(trace->flags == flags);
        CHECK(trace->is_sampled() == (i % 2 == 1));
    }
}

TEST_CASE("an invalid traceparent is nothing") {
    for (const std::string value :
         {"", "00", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
          "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-",
          "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0",
          "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-",
          "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
          "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-010",
          "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
          "0-4bf92f3577b34da6a3ce929d0e0e47360-00f067aa0ba902b7-01",
          "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
          "00-4bf92f3577b34da6a3ce929d0e0e4736-00F067AA0BA902B7-01",
          "0A-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
          "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0A",
          "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
          "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
          "00_4bf92f3577b34da6a3ce929d0e0e4736_00f067aa0ba902b7_01",
          "00-4bf92f3577b34da6a3ce929d0e0e473g-00f067aa0ba902b7-01",
          "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01, "
          "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}) {
        CAPTURE(value);
        CHECK_FALSE(is_valid(value));
    }
}

TEST_CASE("of a later version of traceparent the known parts count") {
    const std::string later = "cc" + kExample.substr(2);
    for (const std::string rest : {"", "-", "-what-the-future-will-be-like", "-\xff"}) {
        CAPTURE(rest);
        const std::string value = later + rest;
        const auto trace = parse_traceparent(value);
        REQUIRE(trace);
        CHECK(trace->trace_id == kExample.substr(3, 32));
        CHECK(trace->flags == "01");
    }
    for (const std::string& rest :
         std::vector<std::string>{".what", "1", "-a, " + kExample, "-a," + later}) {
        CAPTURE(rest);
        CHECK_FALSE(is_valid(later + rest));
    }
}

TEST_CASE("spaces around a traceparent do not count, within it they do") {
    CHECK(is_valid(" \t" + kExample + "\t "));
    CHECK_FALSE(is_valid("00 -" + kExample.substr(3)));
    CHECK_FALSE(is_valid(kExample.substr(0, 53) + " 01"));
}

TEST_CASE("a traceparent with random changes is valid exactly if the grammar says so") {
    std::mt19937_64 random(20211123);
    const auto pick = [&random](std::size_t count) {
        return static_cast<std::size_t>(random() % count);
    };
    const std::string bytes("0123456789abcdefABCDEFg- ,\t\0\xff", 29);
    const std::array<std::string, 4> starts = {
        kExample, "cc" + kExample.substr(2), "01" + kExample.substr(2) + "-x",
        "00-00000000000000000000000000000001-0000000000000001-00"};
    std::size_t valid = 0;
    for (int i = 0; i < 100'000; ++i) {
        std::string value = starts.at(pick(starts.size()));
        for (std::size_t changes = pick(3); changes > 0; --changes) {
            const std::size_t at = pick(value.size());
            const std::size_t kind = pick(4);
            if (kind == 0)
                value.erase(at, 1);
            else if (kind == 1)
                value.insert(at, 1, bytes[pick(bytes.size())]);
            else
                value[at] = bytes[pick(bytes.size())];
        }
        // Spaces around it are a matter of their own.
        if (const auto first = value.find_first_not_of(" \t"); first != 0) value.erase(0, first);
        value.erase(value.find_last_not_of(" \t") + 1);
        CAPTURE(value);
        const bool expected = is_valid_by_the_grammar(value);
        if (is_valid(value) != expected) FAIL("valid: " << !expected);
        valid += expected ? 1U : 0U;
    }
    CHECK(valid > 10'000);
    CHECK(valid < 90'000);
}
