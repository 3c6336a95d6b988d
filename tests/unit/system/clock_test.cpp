#include "appcore/system/clock.hpp"

#include "catch.hpp"

using namespace appcore::system;
using std::chrono::microseconds;

namespace {

std::string iso(long long micros) {
    std::string out;
    append_python_isoformat(out, WallTime(microseconds(micros)));
    return out;
}

}  // namespace

// Expected values: Python's datetime.fromtimestamp(t, timezone.utc).isoformat().
TEST_CASE("times print as Python's isoformat does") {
    CHECK(iso(0) == "1970-01-01T00:00:00+00:00");
    CHECK(iso(1) == "1970-01-01T00:00:00.000001+00:00");
    CHECK(iso(1795421208675307) == "2026-11-23T08:06:48.675307+00:00");
    CHECK(iso(1709210096000000) == "2024-02-29T12:34:56+00:00");
    CHECK(iso(-1) == "1969-12-31T23:59:59.999999+00:00");
    CHECK(iso(253402300799999999) == "9999-12-31T23:59:59.999999+00:00");
}

TEST_CASE("log times always have six decimals") {
    std::string out;
    append_date_time(out, WallTime(microseconds(1709210096000000)));
    CHECK(out == "2024-02-29T12:34:56.000000");
}
