#include "appcore/store/slot_description.hpp"

#include "catch.hpp"

using namespace appcore::store;  // NOLINT(google-build-using-namespace)

// The wire format of the slots. When it changes, slots of the build before are migrated by it: the
// text may change freely as long as its grammar does not.
TEST_CASE("a slot describes itself in this text") {
    CHECK(
        slot_description.text() ==
        "worker 40 0 pid started_us starts health busy_since_ns last_activity_ns pool_size "
        "pending_1 pending_2 log_position log_ring\n"
        "keys 56 16\n"
        "events 88 0 attach_failed damaged_set_aside layout_migrated log_line_dropped "
        "push_success push_failure request_timeout\n"
        "methods 0 0 GET HEAD POST PUT PATCH DELETE OPTIONS other\n"
        "endpoints 0 0 /health /version /predict /docs /docs/oauth2-redirect /redoc "
        "/openapi.json /metrics /status /ready other\n"
        "statuses 0 0 200 201 206 301 304 307 400 401 403 404 405 408 409 411 412 413 414 415 416 "
        "421 422 429 431 500 501 502 503 504 505 other\n"
        "request_bounds_ns 0 0 5000000 10000000 25000000 50000000 100000000 250000000 500000000 "
        "1000000000 2500000000 5000000000 10000000000\n"
        "prediction_bounds_ns 0 0 1000000 5000000 10000000 25000000 50000000 100000000 500000000 "
        "1000000000 5000000000\n"
        "outcomes 0 0 success error\n"
        "requests 96 48\n"
        "models 4320 24\n"
        "end 4704 0\n");
}

TEST_CASE("the layout's hash is FNV-1a, 64 bits") {
    // Test vectors of draft-eastlake-fnv.
    CHECK(layout_hash("") == 0xcbf29ce484222325);
    CHECK(layout_hash("a") == 0xaf63dc4c8601ec8c);
    CHECK(layout_hash("foobar") == 0x85944171f73967e8);
}
