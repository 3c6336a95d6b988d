#include "appcore/system/low_priority.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <new>

#include "catch.hpp"

using namespace appcore;

TEST_CASE("work at low priority is done when the call returns, and only the work has it") {
    const int before = ::getpriority(PRIO_PROCESS, 0);
    int within = 0;
    system::run_at_low_priority([&within] { within = ::getpriority(PRIO_PROCESS, 0); });
    CHECK(within == std::max(before, system::kLowPriority));
    CHECK(::getpriority(PRIO_PROCESS, 0) == before);
}

TEST_CASE("what work at low priority throws is thrown to its caller") {
    CHECK_THROWS_AS(system::run_at_low_priority([] { throw std::bad_alloc(); }), std::bad_alloc);
}
