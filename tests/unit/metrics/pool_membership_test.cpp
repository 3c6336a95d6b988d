#include "appcore/metrics/pool_membership.hpp"

#include "catch.hpp"

using namespace appcore::metrics;  // NOLINT(google-build-using-namespace)
using namespace appcore;           // NOLINT(google-build-using-namespace)
using namespace std::chrono_literals;

namespace {

WorkerState living(std::string name, unsigned pool_size, std::chrono::seconds started = 1s) {
    WorkerState worker;
    worker.name = std::move(name);
    worker.is_alive = true;
    worker.pool_size = pool_size;
    worker.started = system::WallTime{started};
    return worker;
}

WorkerState dead(std::string name, unsigned pool_size = 2) {
    WorkerState worker = living(std::move(name), pool_size);
    worker.is_alive = false;
    return worker;
}

bool has_departed(std::vector<WorkerState> workers, std::size_t which) {
    mark_replaced(workers);
    return workers.at(which).has_departed;
}

}  // namespace

TEST_CASE("a slot's name says pool and number") {
    CHECK(place_of("blue-03")->pool == "blue");
    CHECK(place_of("blue-03")->number == 3);
    CHECK(place_of("a-b-64")->pool == "a-b");
    for (const char* const name : {"metrics", "blue-", "-1", "blue-x", "blue-1x", ""}) {
        CHECK_FALSE(place_of(name));
    }
}

TEST_CASE("a worker that dies is missing as long as its pool lives") {
    CHECK_FALSE(has_departed({living("blue-01", 2), dead("blue-02")}, 1));
    CHECK_FALSE(has_departed({dead("blue-01"), dead("blue-02")}, 0));  // all of them at once
    CHECK_FALSE(has_departed({living("metrics", 0), dead("blue-01")}, 1));
}

TEST_CASE("workers of a replaced pool are not missing") {
    CHECK(has_departed({dead("blue-01"), living("green-01", 2), living("green-02", 2)}, 0));
    CHECK_FALSE(has_departed({living("blue-01", 2), living("green-01", 2)}, 0));
    CHECK(has_departed({living("blue-01", 2), dead("peer-01")}, 1));
}

TEST_CASE("workers that serve other machines replace nobody") {
    CHECK_FALSE(has_departed({dead("blue-01"), living("peer-01", 2)}, 0));
}

TEST_CASE("a worker above the size of its pool is not missing") {
    CHECK(has_departed({living("blue-01", 2), dead("blue-03", 8)}, 1));
    CHECK_FALSE(has_departed({living("blue-01", 3), dead("blue-03", 8)}, 1));
    CHECK_FALSE(has_departed({living("blue-01", 2), living("blue-03", 8)}, 1));
}

TEST_CASE("a slot that is not a worker's stays what it is") {
    CHECK_FALSE(has_departed({living("blue-01", 2), dead("metrics", 0)}, 1));
}

TEST_CASE("the youngest living worker knows how many there should be") {
    CHECK(pool_size({living("blue-01", 2, 5s), living("green-01", 8, 9s)}) == 8U);
    CHECK(pool_size({living("blue-01", 2, 5s), dead("green-01", 8)}) == 2U);
    CHECK_FALSE(pool_size({dead("blue-01"), living("metrics", 0)}));
}

TEST_CASE("workers that serve other machines come on top") {
    CHECK(pool_size({living("blue-01", 2, 5s), living("green-01", 3, 9s), living("peer-01", 4, 1s),
                     living("peer-02", 4, 2s)}) == 7U);
    CHECK(pool_size({living("blue-01", 2), dead("peer-01", 4)}) == 2U);
}

TEST_CASE("a pool that is dead beside workers for other machines is missing as a whole") {
    WorkerState last = dead("blue-01", 3);
    last.started = system::WallTime{9s};
    CHECK(pool_size({last, dead("green-01", 8), living("peer-01", 4)}) == 7U);
    CHECK_FALSE(pool_size({living("peer-01", 4)}));  // none of it has ever had a slot
}
