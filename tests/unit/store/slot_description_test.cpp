#include "appcore/store/slot_description.hpp"

#include <string>

#include "catch.hpp"

using namespace appcore::store;  // NOLINT(google-build-using-namespace)

// 14 a decade from 1 us on, to three digits, and the bounds of the old service.
const std::string kBounds =
    "1000 1180 1390 1640 1930 2280 2680 3160 3730 4390 5180 6110 7200 8480 "
    "10000 11800 13900 16400 19300 22800 26800 31600 37300 43900 51800 61100 72000 "
    "84800 100000 118000 139000 164000 193000 228000 268000 316000 373000 439000 "
    "518000 611000 720000 848000 1000000 1180000 1390000 1640000 1930000 2280000 "
    "2680000 3160000 3730000 4390000 5000000 5180000 6110000 7200000 8480000 "
    "10000000 11800000 13900000 16400000 19300000 22800000 25000000 26800000 "
    "31600000 37300000 43900000 50000000 51800000 61100000 72000000 84800000 "
    "100000000 118000000 139000000 164000000 193000000 228000000 250000000 268000000 "
    "316000000 373000000 439000000 500000000 518000000 611000000 720000000 848000000 "
    "1000000000 1180000000 1390000000 1640000000 1930000000 2280000000 2500000000 "
    "2680000000 3160000000 3730000000 4390000000 5000000000 5180000000 6110000000 "
    "7200000000 8480000000 10000000000 11800000000 13900000000 16400000000 "
    "19300000000 22800000000 26800000000 31600000000 37300000000";

// The wire format of the slots. When it changes, slots of the build before are migrated by it: the
// text may change freely as long as its grammar does not.
TEST_CASE("a slot describes itself in this text") {
    CHECK(
        kSlotDescription.text() ==
        "worker 40 0 pid started_us starts health busy_since_ns last_activity_ns pool_size "
        "pending_1 pending_2 log_position log_ring model_1 model_2 model_3 model_4\n"
        "keys 56 16\n"
        "events 88 0 attach_failed damaged_set_aside layout_migrated log_line_dropped "
        "push_success push_failure request_timeout\n"
        "methods 0 0 GET HEAD POST PUT PATCH DELETE OPTIONS other\n"
        "endpoints 0 0 /health /version /predict /docs /docs/oauth2-redirect /redoc "
        "/openapi.json /metrics /status /ready other\n"
        "statuses 0 0 200 201 206 301 304 307 400 401 403 404 405 408 409 411 412 413 414 415 416 "
        "421 422 429 431 500 501 502 503 504 505 other\n"
        "request_bounds_ns 0 0 " +
            kBounds +
            "\n"
            "prediction_bounds_ns 0 0 " +
            kBounds +
            "\n"
            "outcomes 0 0 success error\n"
            "requests 96 152\n"
            "waits 13472 232\n"
            "callers 16024 32 2xx 3xx 4xx 5xx\n"
            "exemplars 16280 96\n"
            "models 17048 128\n"
            "end 21144 0\n");
}

TEST_CASE("the layout's hash is FNV-1a, 64 bits") {
    // Test vectors of draft-eastlake-fnv.
    CHECK(layout_hash("") == 0xcbf29ce484222325);
    CHECK(layout_hash("a") == 0xaf63dc4c8601ec8c);
    CHECK(layout_hash("foobar") == 0x85944171f73967e8);
}
